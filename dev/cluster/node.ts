import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { hasDefaultServiceAccount, isNodeReady } from './api.ts';
import { createGroup } from './cgroups.ts';
import { type ClusterContext, startKubernetes } from './control-plane.ts';
import { CGROUP, NODE_ADDRESS, NODE_NAME, POD_RANGE } from './layout.ts';
import { bridgeTrafficPassesFirewall } from './network.ts';
import { freePort } from './ports.ts';
import { type BackgroundProcess, waitUntil } from './processes.ts';

const LOOPBACK = '127.0.0.1';

/** Starts the kubelet and kube-proxy, and waits until the node is Ready and pods can be made in `default`. */
export async function startNode(context: ClusterContext): Promise<BackgroundProcess[]> {
  createGroup(CGROUP);
  const kubelet = await startKubelet(context);
  const proxy = await startProxy(context);
  const wait = { seconds: 60, signal: context.signal, needs: [kubelet, proxy] };
  const admin = context.kubeconfigs.admin;
  await waitUntil({ ...wait, what: 'the node to be Ready' }, () => isNodeReady(admin, NODE_NAME));
  await waitUntil({ ...wait, what: 'service accounts' }, () => hasDefaultServiceAccount(admin, 'default'));
  return [kubelet, proxy];
}

async function startKubelet(context: ClusterContext): Promise<BackgroundProcess> {
  const { layout, certificates } = context;
  const configuration = join(layout.configuration, 'kubelet.yaml');
  const resolvConf = join(layout.configuration, 'resolv.conf');
  mkdirSync(layout.podLogs, { recursive: true });
  writeFileSync(resolvConf, `nameserver ${NODE_ADDRESS}\n`);
  writeFileSync(
    configuration,
    stringify({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      address: NODE_ADDRESS,
      port: await freePort(NODE_ADDRESS, 10250),
      readOnlyPort: 0,
      healthzBindAddress: LOOPBACK,
      healthzPort: await freePort(LOOPBACK, 10248),
      tlsCertFile: certificates.kubeletServer.certificate,
      tlsPrivateKeyFile: certificates.kubeletServer.key,
      authentication: {
        anonymous: { enabled: false },
        webhook: { enabled: true },
        x509: { clientCAFile: certificates.authority.certificate },
      },
      authorization: { mode: 'Webhook' },
      containerRuntimeEndpoint: `unix://${layout.containerdSocket}`,
      clusterDNS: [NODE_ADDRESS],
      clusterDomain: 'cluster.local',
      resolvConf,
      podLogsDir: layout.podLogs,
      volumePluginDir: join(layout.data, 'volume-plugins'),
      cgroupDriver: 'cgroupfs',
      cgroupRoot: CGROUP,
      // Any machine will do: one with swap, with control groups of version 1, with little space left.
      failCgroupV1: false,
      failSwapOn: false,
      enforceNodeAllocatable: [],
      evictionHard: {
        'memory.available': '1Mi',
        'nodefs.available': '1Mi',
        'nodefs.inodesFree': '1',
        'imagefs.available': '1Mi',
      },
      imageGCHighThresholdPercent: 100,
      hairpinMode: 'hairpin-veth',
      serializeImagePulls: false,
      // Restarts are looked at in seconds, not in minutes.
      featureGates: { KubeletCrashLoopBackOffMax: true },
      crashLoopBackOff: { maxContainerRestartPeriod: '5s' },
    }),
  );
  return startKubernetes(context, 'kubelet', [
    `--config=${configuration}`,
    `--kubeconfig=${context.kubeconfigs.kubelet}`,
    `--root-dir=${layout.kubelet}`,
    `--cert-dir=${join(layout.data, 'kubelet-certificates')}`,
    `--hostname-override=${NODE_NAME}`,
    `--node-ip=${NODE_ADDRESS}`,
  ]);
}

async function startProxy(context: ClusterContext): Promise<BackgroundProcess> {
  const configuration = join(context.layout.configuration, 'kube-proxy.yaml');
  writeFileSync(
    configuration,
    stringify({
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      mode: 'iptables',
      bindAddress: NODE_ADDRESS,
      clientConnection: { kubeconfig: context.kubeconfigs.proxy },
      clusterCIDR: POD_RANGE,
      hostnameOverride: NODE_NAME,
      healthzBindAddress: `${LOOPBACK}:${await freePort(LOOPBACK, 10256)}`,
      metricsBindAddress: `${LOOPBACK}:${await freePort(LOOPBACK, 10249)}`,
      nodePortAddresses: [`${NODE_ADDRESS}/32`],
      iptables: { masqueradeAll: !bridgeTrafficPassesFirewall(), localhostNodePorts: false },
      // The machine's own connection tracking stays as it is.
      conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    }),
  );
  return startKubernetes(context, 'kube-proxy', [`--config=${configuration}`]);
}
