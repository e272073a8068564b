import type { V1Container } from '@kubernetes/client-node';
import { z } from 'zod';
import { objectText } from '../kubernetes/objects.ts';
import { pointer } from '../kubernetes/template.ts';
import { quantity } from '../runbook/schema/scalars.ts';
import type { Action } from './action.ts';
import { changesOf } from './plan/changes.ts';
import { containerName } from './plan/from-baseline.ts';
import { PATCH_WORKLOAD, READ_REFERENCES, READ_WORKLOAD, TRY_POD } from './plan/permissions.ts';
import { type Raise, raise, type Wanted } from './plan/raise.ts';
import { readTarget } from './plan/subject.ts';
import { applyTemplate, revertTemplate, templatePlan } from './plan/template-plan.ts';
import { admitsPod } from './rules/admission.ts';
import { sameImages } from './rules/image.ts';
import { ownMemoryLimit } from './rules/out-of-memory.ts';
import { servingPods } from './rules/rollout.ts';
import { refuse, type Verdict } from './rules/verdict.ts';
import { READ_VERTICAL_AUTOSCALERS, verticalAutoscaling } from './rules/vertical-autoscaler.ts';
import { type Assignment, withFields } from './write/patch.ts';

const NAME = 'set-resources';

const wanted = z
  .strictObject({
    request: quantity.optional(),
    limit: quantity.optional(),
    factor: z.number().gt(1).max(4).optional().describe('Times the current limit, if that is more than `limit`'),
    cap: quantity.optional().describe('The limit is never set above this'),
  })
  .refine(({ limit, factor }) => limit !== undefined || factor !== undefined, {
    message: 'a limit, or a factor with a cap',
    path: ['limit'],
  })
  .refine(({ factor, cap }) => factor === undefined || cap !== undefined, {
    message: 'a factor needs a cap: a leak would raise the limit for ever',
    path: ['cap'],
  });

const params = z
  .strictObject({
    container: z
      .string()
      .optional()
      .describe('The container that was OOM-killed; by default the one that the finding names'),
    memory: wanted.optional(),
    cpu: wanted.optional(),
  })
  .refine(({ memory, cpu }) => memory !== undefined || cpu !== undefined, {
    message: 'memory or cpu',
    path: ['memory'],
  });

/** Raises one container's limits within a cap (safety 8): never lowers anything, and at the cap hands over to people. */
const setResources: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: "Raises a container's memory or cpu within a cap, if a node has room for it",
  params,
  disruptive: true,
  harm: () => null,
  permissions: () => [...READ_WORKLOAD, ...PATCH_WORKLOAD, ...READ_REFERENCES, ...TRY_POD, READ_VERTICAL_AUTOSCALERS],
  async plan(context, { container: named, memory, cpu }) {
    const owned = await readTarget(context);
    const name = containerName(context, named);
    const { workload } = owned;
    const index = workload.template.spec?.containers.findIndex((container) => container.name === name) ?? -1;
    const container = workload.template.spec?.containers[index];
    const raises = container === undefined ? [] : raisesOf(container, { memory, cpu });
    const found = raises.flatMap(({ resource, raised }) =>
      (['requests', 'limits'] as const).flatMap((side) => {
        const after = raised[side];
        const before = container?.resources?.[side]?.[resource];
        const path = pointer('spec', 'template', 'spec', 'containers', index, 'resources', side, resource);
        return after === undefined || after === before ? [] : [{ path, before, after }];
      }),
    );
    const fields = found.map(({ path, after }): Assignment => ({ path, value: after }));
    const raised = { ...owned, workload: withFields(workload, fields) };
    return templatePlan(context, owned, {
      action: NAME,
      summary: `Raise ${name} in ${objectText(workload.ref)}: ${found.map(changeText).join(', ') || 'nothing'}`,
      risk: 'low',
      undo: 'on-failure',
      template: raised.workload.template,
      changes: changesOf(context, owned, found),
      args: { container: name, ...Object.fromEntries(raises.map(({ resource, raised: to }) => [resource, { ...to }])) },
      verdicts: [
        container === undefined ? refuse('not-found', `there is no container ${name}`) : atCap(raises, name),
        memory === undefined ? { asks: [] } : await ownMemoryLimit(context, owned, name),
        await verticalAutoscaling(context, workload, name, wantedResources({ memory, cpu })),
        servingPods(owned),
        await sameImages(context, owned.pods),
        found.length === 0 ? { asks: [] } : await admitsPod(context, raised),
      ],
    });
  },
  apply: applyTemplate,
  revert: revertTemplate,
};
export default setResources;

type Resource = 'memory' | 'cpu';
interface RaiseOf {
  resource: Resource;
  current: string | undefined;
  raised: Raise;
}

const RESOURCES: readonly Resource[] = ['memory', 'cpu'];

function wantedResources(wants: Record<Resource, Wanted | undefined>): Resource[] {
  return RESOURCES.filter((resource) => wants[resource] !== undefined);
}

function raisesOf(container: V1Container, wants: Record<Resource, Wanted | undefined>): RaiseOf[] {
  return RESOURCES.flatMap((resource) => {
    const want = wants[resource];
    if (want === undefined) return [];
    const { limits, requests } = container.resources ?? {};
    const current = { limit: limits?.[resource], request: requests?.[resource] };
    return [{ resource, current: current.limit, raised: raise(resource, current, want) }];
  });
}

/** A limit that is not strictly increased is no remedy: people take over (safety 8). */
function atCap(raises: readonly RaiseOf[], name: string): Verdict {
  const stopped = raises.find(({ raised }) => raised.limits === undefined);
  if (stopped === undefined) return { asks: [] };
  const { resource, current } = stopped;
  if (current === undefined) return refuse('no-limit', `${name} has no ${resource} limit: there is none to raise`);
  return refuse(
    'at-cap',
    `the ${resource} limit of ${name} is ${current} already, at or above what the runbook allows`,
  );
}

function changeText({ path, before, after }: { path: string; before: string | undefined; after: string }): string {
  const [side, resource] = path.split('/').slice(-2);
  return `${resource} ${side === 'limits' ? 'limit' : 'request'} ${before ?? 'none'} -> ${after}`;
}
