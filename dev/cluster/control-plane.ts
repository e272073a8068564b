import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { isReady } from './api.ts';
import type { ClusterCertificates, UserName } from './certificates.ts';
import { type Layout, NODE_ADDRESS, NODE_NAME, POD_RANGE, SERVICE_RANGE } from './layout.ts';
import { freePort } from './ports.ts';
import { type BackgroundProcess, startInBackground, waitUntil } from './processes.ts';
import type { StateJournal } from './state.ts';

/** What every part of the cluster is started with. */
export interface ClusterContext {
  journal: StateJournal;
  layout: Layout;
  certificates: ClusterCertificates;
  /** The program that holds all of Kubernetes' own. */
  kubernetes: string;
  /** The API server's port on NODE_ADDRESS. */
  apiPort: number;
  kubeconfigs: Record<UserName, string>;
  signal: AbortSignal | undefined;
}

const LOOPBACK = '127.0.0.1';

/** Starts etcd and the API server, and waits until it is ready; then the controller manager and the scheduler. */
export async function startControlPlane(context: ClusterContext): Promise<BackgroundProcess[]> {
  const { etcd, port } = await startEtcd(context);
  const apiServer = startApiServer(context, port);
  const needs = [etcd, apiServer];
  await waitUntil({ what: 'the API server to be ready', seconds: 90, signal: context.signal, needs }, () =>
    isReady(context.kubeconfigs.admin),
  );
  const controllerManager = await startController(context, 'kube-controller-manager', 'controller-manager', [
    `--root-ca-file=${context.certificates.authority.certificate}`,
    `--service-account-private-key-file=${context.certificates.serviceAccounts.privateKey}`,
    '--use-service-account-credentials=true',
    `--cluster-signing-cert-file=${context.certificates.authority.certificate}`,
    `--cluster-signing-key-file=${context.certificates.authority.key}`,
    `--cluster-cidr=${POD_RANGE}`,
    `--flex-volume-plugin-dir=${join(context.layout.data, 'volume-plugins')}`,
  ]);
  const scheduler = await startController(context, 'kube-scheduler', 'scheduler', []);
  return [etcd, apiServer, controllerManager, scheduler];
}

/** Starts one of the programs that the kubernetes binary holds, with a log of its own. */
export function startKubernetes(context: ClusterContext, name: string, args: string[]): BackgroundProcess {
  return startInBackground(context.journal, {
    name,
    program: context.kubernetes,
    args: [name, ...args],
    logFile: join(context.layout.logs, `${name}.log`),
  });
}

async function startEtcd(context: ClusterContext): Promise<{ etcd: BackgroundProcess; port: number }> {
  const { layout, certificates } = context;
  const port = await freePort(LOOPBACK, 2379);
  const client = `https://${LOOPBACK}:${port}`;
  const peer = `https://${LOOPBACK}:${await freePort(LOOPBACK, 2380)}`;
  const transport = {
    'cert-file': certificates.etcd.certificate,
    'key-file': certificates.etcd.key,
    'trusted-ca-file': certificates.etcdAuthority.certificate,
    'client-cert-auth': true,
  };
  const configuration = join(layout.configuration, 'etcd.yaml');
  writeFileSync(
    configuration,
    stringify({
      name: NODE_NAME,
      'data-dir': join(layout.data, 'etcd'),
      'listen-client-urls': client,
      'advertise-client-urls': client,
      'listen-peer-urls': peer,
      'initial-advertise-peer-urls': peer,
      'initial-cluster': `${NODE_NAME}=${peer}`,
      'client-transport-security': transport,
      'peer-transport-security': transport,
      // A crash of the machine may cost this cluster its data: `up` makes a new one.
      'unsafe-no-fsync': true,
      'log-level': 'error',
    }),
  );
  return { etcd: startKubernetes(context, 'etcd', [`--config-file=${configuration}`]), port };
}

function startApiServer(context: ClusterContext, etcdPort: number): BackgroundProcess {
  const { certificates, layout } = context;
  return startKubernetes(context, 'kube-apiserver', [
    `--bind-address=${NODE_ADDRESS}`,
    `--advertise-address=${NODE_ADDRESS}`,
    `--secure-port=${context.apiPort}`,
    `--tls-cert-file=${certificates.apiServer.certificate}`,
    `--tls-private-key-file=${certificates.apiServer.key}`,
    `--client-ca-file=${certificates.authority.certificate}`,
    `--etcd-servers=https://${LOOPBACK}:${etcdPort}`,
    `--etcd-cafile=${certificates.etcdAuthority.certificate}`,
    `--etcd-certfile=${certificates.etcd.certificate}`,
    `--etcd-keyfile=${certificates.etcd.key}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    `--service-cluster-ip-range=${SERVICE_RANGE}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-signing-key-file=${certificates.serviceAccounts.privateKey}`,
    `--service-account-key-file=${certificates.serviceAccounts.publicKey}`,
    `--kubelet-certificate-authority=${certificates.authority.certificate}`,
    `--kubelet-client-certificate=${certificates.apiServerToKubelet.certificate}`,
    `--kubelet-client-key=${certificates.apiServerToKubelet.key}`,
    // The node's name is in no DNS: logs and exec go to its address.
    '--kubelet-preferred-address-types=InternalIP',
    `--requestheader-client-ca-file=${certificates.frontProxyAuthority.certificate}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${certificates.frontProxy.certificate}`,
    `--proxy-client-key-file=${certificates.frontProxy.key}`,
    // Aggregated APIs are called at their endpoint: this machine may have no route that a ClusterIP would take.
    '--enable-aggregator-routing=true',
    `--audit-policy-file=${fileURLToPath(new URL('audit-policy.yaml', import.meta.url))}`,
    `--audit-log-path=${layout.auditLog}`,
    '--audit-log-format=json',
    '--audit-log-mode=blocking',
    '--profiling=false',
  ]);
}

async function startController(
  context: ClusterContext,
  program: string,
  user: UserName,
  args: string[],
): Promise<BackgroundProcess> {
  const kubeconfig = context.kubeconfigs[user];
  return startKubernetes(context, program, [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    `--bind-address=${LOOPBACK}`,
    `--secure-port=${await freePort(LOOPBACK, program === 'kube-scheduler' ? 10259 : 10257)}`,
    '--leader-elect=false',
    '--profiling=false',
    ...args,
  ]);
}
