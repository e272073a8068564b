import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyObjects, readManifest } from './api.ts';
import type { ClusterContext } from './control-plane.ts';
import { NODE_ADDRESS } from './layout.ts';
import { freePort } from './ports.ts';
import { type BackgroundProcess, startInBackground, waitUntil } from './processes.ts';

/** Starts CoreDNS on the node's address, and waits until it knows the cluster's Services. */
export async function startDns(context: ClusterContext, program: string): Promise<BackgroundProcess> {
  const { layout } = context;
  const manifest = fileURLToPath(new URL('manifests/coredns.yaml', import.meta.url));
  await applyObjects(context.kubeconfigs.admin, readManifest(manifest));
  const readiness = `127.0.0.1:${await freePort('127.0.0.1', 8181)}`;
  const corefile = join(layout.configuration, 'Corefile');
  writeFileSync(corefile, corefileText(context.kubeconfigs.coredns, readiness));
  const coredns = startInBackground(context.journal, {
    name: 'coredns',
    program,
    args: ['-conf', corefile],
    logFile: join(layout.logs, 'coredns.log'),
  });
  await waitUntil({ what: 'CoreDNS to be ready', seconds: 30, signal: context.signal, needs: [coredns] }, () =>
    answersOk(`http://${readiness}/ready`),
  );
  return coredns;
}

/** Names outside the cluster do not exist: nothing is forwarded, and a look-up fails at once, not after a timeout. */
function corefileText(kubeconfig: string, readiness: string): string {
  return `cluster.local:53 in-addr.arpa:53 {
  bind ${NODE_ADDRESS}
  errors
  ready ${readiness}
  kubernetes {
    kubeconfig ${kubeconfig}
    pods insecure
  }
  loadbalance
}
.:53 {
  bind ${NODE_ADDRESS}
  errors
  template ANY ANY {
    rcode NXDOMAIN
  }
}
`;
}

async function answersOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}
