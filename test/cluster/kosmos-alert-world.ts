import { randomBytes } from 'node:crypto';
import { readState } from '../../dev/cluster/state.ts';
import { provideImages } from '../../dev/images/provide.ts';
import { type Monitoring, startMonitoring } from '../../dev/monitoring/start.ts';
import { deployKosmos, removeKosmos } from '../../dev/workloads/deploy.ts';
import { type Namespaces, namespacesWithSuffix } from '../../dev/workloads/namespaces.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { type AlertReceiver, startAlertReceiver } from './alert-receiver.ts';

/** KOSMOS' agents, healthy, with Prometheus and Alertmanager beside them and somebody who takes the alerts; no Kintsugi. */
export interface KosmosAlertWorld {
  namespaces: Namespaces;
  receiver: AlertReceiver;
  monitoring: Monitoring;
  stop(): Promise<void>;
}

/** Starts it in a namespace that ends in `<name>-<random>`; images may have to be built. What fails takes all back. */
export async function startKosmosAlertWorld(
  kube: Kubernetes,
  kubeconfig: string,
  name: string,
): Promise<KosmosAlertWorld> {
  const namespaces = namespacesWithSuffix(`${name}-${randomBytes(3).toString('hex')}`);
  const registry = readState()?.access?.registry;
  const progress = () => undefined;
  await provideImages({ registry }, ['kosmos-agent'], progress);
  const undo: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const receiver = await startAlertReceiver();
    undo.push(() => receiver.stop());
    const monitoring = await startMonitoring({
      kubeconfig,
      namespaces: { kosmos: [namespaces.kosmos] },
      webhookUrl: `${receiver.url}/api/v1/alerts`,
      webhookToken: 'a-token-for-tests',
      teamUrl: `${receiver.url}/team`,
    });
    undo.push(() => monitoring.stop());
    undo.push(() => removeKosmos(kube, { namespaces }));
    await deployKosmos(kube, { namespaces, registry, progress });
    return { namespaces, receiver, monitoring, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}
