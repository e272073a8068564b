import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../build/commands.ts';
import { API_SERVICE_ADDRESS, NODE_ADDRESS, NODE_NAME } from './layout.ts';

/** A certificate and its key, as files. */
export interface KeyPair {
  certificate: string;
  key: string;
}

/** A certificate to issue: its subject, and for servers the names and addresses that it is valid for. */
export interface CertificateRequest {
  commonName: string;
  /** Groups of a Kubernetes user. */
  organizations?: string[];
  names?: string[];
  addresses?: string[];
}

/** A certificate authority in a folder. */
export interface Authority extends KeyPair {
  folder: string;
}

/** Days that the certificates of a development cluster live; `up` makes new ones each time. */
const VALID_DAYS = 365;
/** Without extensions of its own, so that only those named on the command line count. */
const OPENSSL_CONFIGURATION = '[req]\ndistinguished_name = subject\n[subject]\n';
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Makes a self-signed authority `name` in the folder. */
export async function createAuthority(folder: string, name: string): Promise<Authority> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'openssl.cnf'), OPENSSL_CONFIGURATION);
  const pair = filesOf(folder, name);
  const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,digitalSignature,keyCertSign,cRLSign'];
  await openssl(folder, pair, `/CN=${name}`, extensions, []);
  return { folder, ...pair };
}

/** Issues a certificate for clients, and for servers when it has names or addresses, as files called `name`. */
export async function issueCertificate(
  authority: Authority,
  name: string,
  request: CertificateRequest,
): Promise<KeyPair> {
  const pair = filesOf(authority.folder, name);
  const alternatives = alternativeNames(request);
  const usages = alternatives === undefined ? 'clientAuth' : 'serverAuth,clientAuth';
  const extensions = [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    `extendedKeyUsage=${usages}`,
  ];
  if (alternatives !== undefined) extensions.push(`subjectAltName=${alternatives}`);
  const groups = (request.organizations ?? []).map((organization) => `/O=${organization}`).join('');
  const issuer = ['-CA', authority.certificate, '-CAkey', authority.key];
  await openssl(authority.folder, pair, `${groups}/CN=${request.commonName}`, extensions, issuer);
  return pair;
}

function alternativeNames({ names = [], addresses = [] }: CertificateRequest): string | undefined {
  const all = [...names.map((name) => `DNS:${name}`), ...addresses.map((address) => `IP:${address}`)];
  return all.length === 0 ? undefined : all.join(',');
}

function filesOf(folder: string, name: string): KeyPair {
  return { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
}

async function openssl(
  folder: string,
  pair: KeyPair,
  subject: string,
  extensions: string[],
  issuer: string[],
): Promise<void> {
  const files = ['-config', join(folder, 'openssl.cnf'), '-keyout', pair.key, '-out', pair.certificate];
  const extensionFlags = extensions.flatMap((extension) => ['-addext', extension]);
  const request = ['req', '-x509', ...NEW_KEY, '-days', String(VALID_DAYS), '-subj', subject];
  await run('openssl', [...request, ...files, ...extensionFlags, ...issuer]);
}

/** The users of the built-in cluster with their groups; all but the first and the last are its own parts. */
export const USERS = {
  admin: { commonName: 'kubernetes-admin', organizations: ['system:masters'] },
  'controller-manager': { commonName: 'system:kube-controller-manager' },
  scheduler: { commonName: 'system:kube-scheduler' },
  kubelet: { commonName: `system:node:${NODE_NAME}`, organizations: ['system:nodes'] },
  proxy: { commonName: 'system:kube-proxy' },
  coredns: { commonName: 'system:coredns' },
  provisioner: { commonName: 'system:folder-provisioner' },
  'csi-provisioner': { commonName: 'system:csi-provisioner' },
  'csi-snapshotter': { commonName: 'system:csi-snapshotter' },
  'snapshot-controller': { commonName: 'system:snapshot-controller' },
  'metrics-server': { commonName: 'system:metrics-server' },
  kintsugi: { commonName: 'kintsugi' },
} satisfies Record<string, CertificateRequest>;
export type UserName = keyof typeof USERS;

/** One value for each user. */
export function forEachUser<T>(make: (name: UserName) => T): Record<UserName, T> {
  return {
    admin: make('admin'),
    'controller-manager': make('controller-manager'),
    scheduler: make('scheduler'),
    kubelet: make('kubelet'),
    proxy: make('proxy'),
    coredns: make('coredns'),
    provisioner: make('provisioner'),
    'csi-provisioner': make('csi-provisioner'),
    'csi-snapshotter': make('csi-snapshotter'),
    'snapshot-controller': make('snapshot-controller'),
    'metrics-server': make('metrics-server'),
    kintsugi: make('kintsugi'),
  };
}

/** The names under which the API server is called, from this machine and from pods. */
export const API_SERVER_NAMES: Required<Pick<CertificateRequest, 'names' | 'addresses'>> = {
  names: [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
    'localhost',
  ],
  addresses: [NODE_ADDRESS, API_SERVICE_ADDRESS, '127.0.0.1'],
};

/** All keys and certificates of the built-in cluster. etcd and the front proxy have authorities of their own: a user's certificate opens neither. */
export interface ClusterCertificates {
  authority: Authority;
  etcdAuthority: Authority;
  frontProxyAuthority: Authority;
  apiServer: KeyPair;
  apiServerToKubelet: KeyPair;
  kubeletServer: KeyPair;
  metricsServer: KeyPair;
  etcd: KeyPair;
  frontProxy: KeyPair;
  serviceAccounts: { publicKey: string; privateKey: string };
  users: Record<UserName, KeyPair>;
}

/** Makes all certificates of a cluster in the folder. */
export async function createClusterCertificates(folder: string): Promise<ClusterCertificates> {
  const [authority, etcdAuthority, frontProxyAuthority] = await Promise.all([
    createAuthority(folder, 'kubernetes-ca'),
    createAuthority(join(folder, 'etcd'), 'etcd-ca'),
    createAuthority(join(folder, 'front-proxy'), 'front-proxy-ca'),
  ]);
  const issue = (name: string, request: CertificateRequest) => issueCertificate(authority, name, request);
  const userFile = (name: UserName) => `user-${name}`;
  await Promise.all(Object.values(forEachUser((name) => issue(userFile(name), USERS[name]))));
  return {
    authority,
    etcdAuthority,
    frontProxyAuthority,
    apiServer: await issue('apiserver', { commonName: 'kube-apiserver', ...API_SERVER_NAMES }),
    apiServerToKubelet: await issue('apiserver-kubelet-client', {
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
    }),
    kubeletServer: await issue('kubelet-server', {
      commonName: `system:node:${NODE_NAME}`,
      names: [NODE_NAME],
      addresses: [NODE_ADDRESS],
    }),
    metricsServer: await issue('metrics-server', {
      commonName: 'metrics-server',
      names: ['metrics-server.kube-system.svc'],
    }),
    etcd: await issueCertificate(etcdAuthority, 'etcd', {
      commonName: 'etcd',
      names: ['localhost'],
      addresses: ['127.0.0.1'],
    }),
    frontProxy: await issueCertificate(frontProxyAuthority, 'client', { commonName: 'front-proxy-client' }),
    serviceAccounts: createServiceAccountKeys(folder),
    users: forEachUser((name) => filesOf(folder, userFile(name))),
  };
}

function createServiceAccountKeys(folder: string): ClusterCertificates['serviceAccounts'] {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const files = { publicKey: join(folder, 'service-accounts.pub'), privateKey: join(folder, 'service-accounts.key') };
  writeFileSync(files.publicKey, publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(files.privateKey, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  return files;
}
