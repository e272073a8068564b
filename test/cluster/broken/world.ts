import { look, type Seen } from '../../../src/cli/diagnose/look.ts';
import { loadConfiguration } from '../../../src/configuration/configuration.ts';
import type { Kubernetes } from '../../../src/kubernetes/client.ts';
import { registryMirrors } from '../crashing-app.ts';
import { createNamespace, deleteNamespace } from '../namespace.ts';
import { provideServingApp } from '../serving-app.ts';
import { until } from '../until.ts';
import { type Broken, targetOf } from './workloads.ts';

/** Broken workloads side by side: in one namespace but for those whose fault is the namespace's. */
export interface BrokenWorld {
  /** Where a case stands. */
  namespaceOf(broken: Broken): string;
  /** What the command sees of it, once its first finding is the case's cause; the last look where that does not come. */
  seen(broken: Broken): Promise<Seen>;
  end(): Promise<void>;
}

export async function breakAll(kubernetes: Kubernetes, cases: readonly Broken[]): Promise<BrokenWorld> {
  const shared = await ready(kubernetes, 'broken');
  const own = new Map<string, string>();
  for (const broken of cases) {
    if (broken.namespace === undefined) continue;
    const namespace = await ready(kubernetes, `broken-${broken.name}`, broken.namespace);
    own.set(broken.name, namespace);
  }
  const namespaceOf = ({ name }: Broken): string => own.get(name) ?? shared;
  for (const broken of cases) await broken.make(kubernetes, namespaceOf(broken));
  return {
    namespaceOf,
    seen: (broken) => seenOnce(kubernetes, broken, namespaceOf(broken)),
    async end() {
      await Promise.all([shared, ...own.values()].map((namespace) => deleteNamespace(kubernetes, namespace)));
    },
  };
}

async function ready(kubernetes: Kubernetes, prefix: string, labels: Record<string, string> = {}): Promise<string> {
  const namespace = await createNamespace(kubernetes, prefix, labels);
  await provideServingApp(kubernetes, namespace);
  return namespace;
}

/** One look as the command takes it, with no setting but where the nodes pull from. */
export function lookAt(kubernetes: Kubernetes, broken: Broken, namespace: string): Promise<Seen> {
  const configuration = { ...loadConfiguration({ KINTSUGI_RUNBOOKS: '/nowhere' }), mirrors: registryMirrors() };
  return look({ kubernetes, configuration, signal: new AbortController().signal }, targetOf(broken, namespace));
}

async function seenOnce(kubernetes: Kubernetes, broken: Broken, namespace: string): Promise<Seen> {
  let seen = await lookAt(kubernetes, broken, namespace);
  await until(`${broken.cause} of ${broken.name}: ${broken.says.join(', ')}`, async () => {
    seen = await lookAt(kubernetes, broken, namespace);
    const [first] = seen.answer.findings;
    // A container that crashes is looked at in each of its states; the kubelet's word may come a moment after its deed.
    return first?.cause === broken.cause && broken.says.every((text) => first.summary.includes(text));
  });
  return seen;
}
