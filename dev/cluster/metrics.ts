import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyObjects, readManifest } from './api.ts';
import type { ClusterContext } from './control-plane.ts';
import { NODE_ADDRESS } from './layout.ts';
import { freePort } from './ports.ts';
import { accepts, type BackgroundProcess, startInBackground, waitUntil } from './processes.ts';

/** Starts metrics-server and registers its API; autoscalers have their first figures about 20 s later. */
export async function startMetricsServer(context: ClusterContext, program: string): Promise<BackgroundProcess> {
  const { certificates, kubeconfigs, layout } = context;
  const port = await freePort(NODE_ADDRESS, 4443);
  const manifest = fileURLToPath(new URL('manifests/metrics-server.yaml', import.meta.url));
  const authority = readFileSync(certificates.authority.certificate).toString('base64');
  const values = { PORT: String(port), ADDRESS: NODE_ADDRESS, AUTHORITY: authority };
  await applyObjects(kubeconfigs.admin, readManifest(manifest, values));
  const metricsServer = startInBackground(context.journal, {
    name: 'metrics-server',
    program,
    args: [
      `--kubeconfig=${kubeconfigs['metrics-server']}`,
      `--authentication-kubeconfig=${kubeconfigs['metrics-server']}`,
      `--authorization-kubeconfig=${kubeconfigs['metrics-server']}`,
      `--bind-address=${NODE_ADDRESS}`,
      `--secure-port=${port}`,
      `--tls-cert-file=${certificates.metricsServer.certificate}`,
      `--tls-private-key-file=${certificates.metricsServer.key}`,
      `--kubelet-certificate-authority=${certificates.authority.certificate}`,
      '--kubelet-preferred-address-types=InternalIP',
      // The shortest that it allows; a kubelet has to answer sooner.
      '--metric-resolution=10s',
      '--kubelet-request-timeout=5s',
    ],
    logFile: join(layout.logs, 'metrics-server.log'),
  });
  await waitUntil(
    { what: 'metrics-server to listen', seconds: 30, signal: context.signal, needs: [metricsServer] },
    () => accepts(NODE_ADDRESS, port),
  );
  return metricsServer;
}
