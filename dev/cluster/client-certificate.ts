import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CertificatesV1Api, type V1CertificateSigningRequest } from '@kubernetes/client-node';
import { KintsugiError } from '../../src/errors.ts';
import { run } from '../build/commands.ts';
import { loadKubeconfig } from './api.ts';
import { writeKubeconfig } from './kubeconfig.ts';

/** Seconds that such a certificate is valid: each `up` asks for a new one. */
const VALID_SECONDS = 30 * 24 * 3600;

/**
 * Makes a kubeconfig for a user of a cluster whose authority's key is not ours, by a CertificateSigningRequest that the
 * admin approves (signer kubernetes.io/kube-apiserver-client). Returns its path. Throws when the cluster does not sign.
 */
export async function requestKubeconfig(adminKubeconfig: string, user: string, folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = { certificate: join(folder, `${user}.crt`), key: join(folder, `${user}.key`) };
  const config = loadKubeconfig(adminKubeconfig);
  const request = await createRequest(files.key, user);
  writeFileSync(files.certificate, await sign(config.makeApiClient(CertificatesV1Api), user, request));
  const cluster = config.getCurrentCluster();
  const authority = join(folder, 'kubernetes-ca.crt');
  const authorityData = cluster?.caData ? Buffer.from(cluster.caData, 'base64') : readFileSync(cluster?.caFile ?? '');
  writeFileSync(authority, authorityData);
  return writeKubeconfig(folder, user, cluster?.server ?? '', authority, files);
}

async function createRequest(keyFile: string, user: string): Promise<string> {
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile];
  return run('openssl', ['req', '-new', ...newKey, '-subj', `/CN=${user}`]);
}

/** Creates, approves and awaits the request, and returns the certificate as PEM. */
async function sign(api: CertificatesV1Api, user: string, request: string): Promise<Buffer> {
  const created = await api.createCertificateSigningRequest({
    body: {
      metadata: { generateName: `kintsugi-development-${user}-` },
      spec: {
        request: Buffer.from(request).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['digital signature', 'client auth'],
        expirationSeconds: VALID_SECONDS,
      },
    },
  });
  const name = created.metadata?.name ?? '';
  await api.replaceCertificateSigningRequestApproval({ name, body: approved(created) });
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const certificate = (await api.readCertificateSigningRequest({ name })).status?.certificate;
    if (certificate) {
      await api.deleteCertificateSigningRequest({ name });
      return Buffer.from(certificate, 'base64');
    }
    await sleep(100);
  }
  throw new KintsugiError('timeout', `the cluster did not sign a certificate for ${user} within 10 s`, {
    where: `CertificateSigningRequest ${name}`,
    fix: 'Check that the cluster signs for kubernetes.io/kube-apiserver-client.',
  });
}

function approved(request: V1CertificateSigningRequest): V1CertificateSigningRequest {
  const condition = { type: 'Approved', status: 'True', reason: 'Development', message: 'made by npm run cluster' };
  return { ...request, status: { conditions: [condition] } };
}
