import { z } from 'zod';
import { objectText } from '../kubernetes/objects.ts';
import { isReady } from '../kubernetes/pods.ts';
import { pointer, RESTARTED_AT } from '../kubernetes/template.ts';
import type { Action } from './action.ts';
import { isRolledOutBy } from './plan/changes.ts';
import { PATCH_WORKLOAD, READ_REFERENCES, READ_WORKLOAD } from './plan/permissions.ts';
import { readSubject } from './plan/subject.ts';
import { applyTemplate, nothingToDo, revertTemplate, templatePlan } from './plan/template-plan.ts';
import { sameImages } from './rules/image.ts';
import { FINE, refuse } from './rules/verdict.ts';

const NAME = 'rollout-restart';
const PATH = pointer('spec', 'template', 'metadata', 'annotations', RESTARTED_AT);

const params = z.strictObject({
  of: z.string().optional().describe('A dependency to restart instead of the target'),
});

/**
 * Starts every pod anew, as `kubectl rollout restart` does. If a pod is ready nothing is done: a restart would take it away,
 * and those that are not ready start again by themselves (safety 5).
 */
const rolloutRestart: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: 'Starts all pods of the workload anew, if none is ready',
  params,
  disruptive: true,
  harm: () => null,
  permissions: () => [...READ_WORKLOAD, ...PATCH_WORKLOAD, ...READ_REFERENCES],
  async plan(context, { of }) {
    const owned = await readSubject(context, of);
    const { workload, pods } = owned;
    const what = objectText(workload.ref);
    if (isRolledOutBy(context.earlier, workload))
      return nothingToDo(NAME, `No restart of ${what}: an earlier action of this remedy starts its pods anew`);
    const ready = pods.filter(isReady).length;
    if (ready > 0)
      return nothingToDo(
        NAME,
        `No restart of ${what}: ${ready} of ${workload.replicas} pods are ready and would be stopped`,
      );
    const before = workload.template.metadata?.annotations?.[RESTARTED_AT];
    return templatePlan(context, owned, {
      action: NAME,
      summary: `Restart all pods of ${what}`,
      risk: 'low',
      undo: 'none',
      template: workload.template,
      changes: [
        {
          type: 'field',
          object: workload.ref,
          path: PATH,
          before: before === undefined ? { absent: true } : { value: before },
          after: { value: new Date().toISOString() },
        },
      ],
      verdicts: [
        workload.paused ? refuse('paused', `the rollout of ${what} is paused: a restart would not begin`) : FINE,
        await sameImages(context, pods),
      ],
    });
  },
  apply: applyTemplate,
  revert: revertTemplate,
};
export default rolloutRestart;
