import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { type ClusterCertificates, createClusterCertificates } from '../../dev/cluster/certificates.ts';
import { writeKubeconfig } from '../../dev/cluster/kubeconfig.ts';

let folder: string;
let certificates: ClusterCertificates;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kintsugi-certificates-'));
  certificates = await createClusterCertificates(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (file: string) => new X509Certificate(readFileSync(file));

describe("the cluster's certificates", () => {
  test('let the API server be called by its address, its Service and loopback', () => {
    const names = read(certificates.apiServer.certificate).subjectAltName?.split(', ');
    expect(names).toEqual(
      expect.arrayContaining([
        'DNS:kubernetes.default.svc',
        'DNS:localhost',
        'IP Address:10.99.0.1',
        'IP Address:10.99.64.1',
        'IP Address:127.0.0.1',
      ]),
    );
  });

  test("let the kubelet be called by the node's address, without which logs and exec fail", () => {
    expect(read(certificates.kubeletServer.certificate).checkIP('10.99.0.1')).toBe('10.99.0.1');
  });

  test('make Kintsugi a user without groups: its rights are those of deploy/', () => {
    expect(read(certificates.users.kintsugi.certificate).subject).toBe('CN=kintsugi');
  });

  test('give the node its name and group', () => {
    expect(read(certificates.users.kubelet.certificate).subject).toBe('O=system:nodes\nCN=system:node:kintsugi');
  });

  test('are issued by the authority of their purpose: a user cannot talk to etcd', () => {
    const user = read(certificates.users.kintsugi.certificate);
    expect(user.verify(read(certificates.authority.certificate).publicKey)).toBe(true);
    expect(user.verify(read(certificates.etcdAuthority.certificate).publicKey)).toBe(false);
  });

  test('come with keys that only their owner reads', () => {
    expect(statSync(certificates.users.admin.key).mode & 0o077).toBe(0);
  });

  test('make a kubeconfig that a client reads', () => {
    const { authority, users } = certificates;
    const file = writeKubeconfig(folder, 'kintsugi', 'https://10.99.0.1:6443', authority.certificate, users.kintsugi);
    const config = new KubeConfig();
    config.loadFromFile(file);
    expect(config.getCurrentCluster()?.server).toBe('https://10.99.0.1:6443');
    expect(config.getCurrentUser()?.name).toBe('kintsugi');
  });
});
