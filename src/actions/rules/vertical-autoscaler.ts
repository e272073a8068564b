import { isServed } from '../../kubernetes/api-resources.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { ActionContext, Permission } from '../action.ts';
import { ask, FINE, type Verdict } from './verdict.ts';

const RESOURCE = { group: 'autoscaling.k8s.io', version: 'v1', plural: 'verticalpodautoscalers' };

export const READ_VERTICAL_AUTOSCALERS: Permission = {
  group: RESOURCE.group,
  resource: RESOURCE.plural,
  verbs: ['list'],
};

/** As far as it is read. https://github.com/kubernetes/autoscaler/blob/master/vertical-pod-autoscaler/docs/api.md */
interface VerticalPodAutoscaler {
  metadata: { name: string };
  spec?: {
    targetRef?: { kind?: string; name?: string };
    updatePolicy?: { updateMode?: string };
    resourcePolicy?: {
      containerPolicies?: { containerName?: string; mode?: string; controlledResources?: string[] }[];
    };
  };
}

/**
 * Where a VerticalPodAutoscaler sets the container's resource, its admission would write over a raise, and its own
 * recommendation may be what was too little: a person decides (safety 8). One that only recommends (`Off`) decides nothing.
 */
export async function verticalAutoscaling(
  { kubernetes, signal }: ActionContext,
  workload: Workload,
  container: string,
  resources: readonly string[],
): Promise<Verdict> {
  if (!(await isServed(kubernetes, RESOURCE, signal))) return FINE;
  const list: { items: VerticalPodAutoscaler[] } = await kubernetes.custom.listNamespacedCustomObject(
    { ...RESOURCE, namespace: workload.namespace },
    callOptions({ signal }),
  );
  const reasons = list.items.flatMap((autoscaler) => {
    const { metadata, spec } = autoscaler;
    if (spec?.targetRef?.kind !== workload.kind || spec.targetRef.name !== workload.name) return [];
    const set = resources.filter((resource) => controls(autoscaler, container, resource));
    if (set.length === 0) return [];
    const mode = spec.updatePolicy?.updateMode ?? 'Auto';
    return [
      `VerticalPodAutoscaler ${metadata.name} (${mode}) sets the ${set.join(' and ')} of ${container} and would write over the raise`,
    ];
  });
  return ask(...reasons);
}

function controls({ spec }: VerticalPodAutoscaler, container: string, resource: string): boolean {
  if (spec?.updatePolicy?.updateMode === 'Off') return false;
  const policies = spec?.resourcePolicy?.containerPolicies ?? [];
  const policy =
    policies.find(({ containerName }) => containerName === container) ??
    policies.find(({ containerName }) => containerName === '*');
  return policy?.mode !== 'Off' && (policy?.controlledResources ?? ['cpu', 'memory']).includes(resource);
}
