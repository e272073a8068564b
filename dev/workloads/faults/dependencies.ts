import { waitFor } from '../wait.ts';
import type { FaultContext } from './fault.ts';
import { agentBrunoPods } from './pods.ts';

/**
 * Waits until the program that runs says by its metric `dependency_up` that it cannot reach a dependency: nobody
 * restarts it before, and a program that started before would never crash.
 * @throws KintsugiError `timeout` after a minute
 */
export async function seenAway(context: FaultContext, dependency: 'mongodb' | 'ollama'): Promise<void> {
  const { kube, signal } = context;
  context.progress(`Agent Bruno: waiting until it sees that ${dependency} is away`);
  await waitFor({ what: `Agent Bruno to see ${dependency} away`, seconds: 60, signal }, async () => {
    for (const { metadata } of await agentBrunoPods(context)) {
      const { name = '', namespace = '' } = metadata ?? {};
      const program = { namespace, name: `${name}:8080`, path: 'metrics' };
      // A pod that does not serve says nothing; another one may.
      const metrics = await kube.core.connectGetNamespacedPodProxyWithPath(program).catch(() => '');
      if (metrics.includes(`dependency_up{name="${dependency}"} 0.0`)) return undefined;
    }
    return 'it still reaches it';
  });
}
