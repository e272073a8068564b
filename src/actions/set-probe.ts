import type { V1Container, V1Probe } from '@kubernetes/client-node';
import { z } from 'zod';
import { objectText } from '../kubernetes/objects.ts';
import type { OwnedWorkload } from '../kubernetes/revisions.ts';
import { canonicalText, pointer, toJson } from '../kubernetes/template.ts';
import type { Action, ActionContext } from './action.ts';
import { changesOf } from './plan/changes.ts';
import { containerIn, containerName, readHealthy } from './plan/from-baseline.ts';
import { PATCH_WORKLOAD, READ_PROBES, READ_REFERENCES, READ_WORKLOAD } from './plan/permissions.ts';
import {
  handlerOf,
  handlerText,
  morePatient,
  PROBE_FIELDS,
  type ProbeKind,
  type ProbeTiming,
  startBudget,
  startupLike,
} from './plan/probe.ts';
import { refusedPlan } from './plan/refused-plan.ts';
import { readTarget } from './plan/subject.ts';
import { applyTemplate, revertTemplate, templatePlan } from './plan/template-plan.ts';
import { sameImages } from './rules/image.ts';
import { answersLate, LONGEST_WAIT_SECONDS, startsLate } from './rules/probe.ts';
import { servingPods } from './rules/rollout.ts';
import { FINE, refuse, type Verdict } from './rules/verdict.ts';
import { withFields } from './write/patch.ts';

const NAME = 'set-probe';

const seconds = z.int().min(1).max(3600);

const params = z
  .strictObject({
    container: z.string().optional().describe("Whose probe; by default the finding's, else the target's container"),
    probe: z
      .enum(['liveness', 'readiness', 'startup'])
      .default('liveness')
      .describe('startup: time for a slow start, by a startupProbe that asks what the liveness probe asks'),
    initialDelaySeconds: seconds.optional(),
    periodSeconds: seconds.optional(),
    timeoutSeconds: seconds.max(60).optional(),
    failureThreshold: z.int().min(1).max(1000).optional(),
  })
  .refine(
    ({ initialDelaySeconds, periodSeconds, timeoutSeconds, failureThreshold }) =>
      [initialDelaySeconds, periodSeconds, timeoutSeconds, failureThreshold].some((value) => value !== undefined),
    {
      message: 'at least one of initialDelaySeconds, periodSeconds, timeoutSeconds, failureThreshold',
      path: ['probe'],
    },
  );

/** Where probes differ, and what speaks against it. */
interface Proposal {
  found: { path: string; before: ReturnType<typeof toJson> | undefined; after: ReturnType<typeof toJson> }[];
  text: string;
  verdict: Verdict;
}

/** Makes one probe of a container more patient, never less (safety 9): what patience does not cure is refused with the reason. */
const setProbe: Action<z.infer<typeof params>> = {
  name: NAME,
  summary: 'Makes a probe more patient, where its endpoint answers well but late, or the start takes long',
  params,
  disruptive: true,
  harm: () => null,
  permissions: () => [...READ_WORKLOAD, ...PATCH_WORKLOAD, ...READ_REFERENCES, ...READ_PROBES],
  async plan(context, { container: named, probe: kind, ...wanted }) {
    const owned = await readTarget(context);
    const { workload } = owned;
    const name = containerName(context, named);
    const summary = `Give the ${kind} probe of ${name} in ${objectText(workload.ref)} more time`;
    const container = containerIn(workload.template, name);
    if (container === undefined)
      return refusedPlan(NAME, summary, { code: 'not-found', reason: `there is no container ${name}` });
    const about = aboutThisProbe(context, name, kind);
    if (about.refusal !== undefined) return refusedPlan(NAME, summary, about.refusal);
    const { found, text, verdict } =
      kind === 'startup'
        ? await longerStart(context, owned, container, wanted)
        : await morePatience(context, owned, container, kind, wanted);
    if (verdict.refusal !== undefined) return refusedPlan(NAME, summary, verdict.refusal);
    const fields = found.map(({ path, after }) => ({ path, value: after }));
    const plan = await templatePlan(context, owned, {
      action: NAME,
      summary: `${summary}: ${text}`,
      risk: 'low',
      undo: 'on-failure',
      template: withFields(workload, fields).template,
      changes: changesOf(context, owned, found),
      args: { container: name, probe: kind },
      verdicts: [verdict, servingPods(owned), await sameImages(context, owned.pods)],
    });
    // The plan that is made again just before the write asks the endpoint again.
    return { ...plan, waitSeconds: LONGEST_WAIT_SECONDS + 10 };
  },
  apply: applyTemplate,
  revert: revertTemplate,
};
export default setProbe;

/** A probe's patience mends what that probe did to that container, and nothing else. */
function aboutThisProbe({ finding }: ActionContext, container: string, kind: ProbeKind): Verdict {
  const causes = kind === 'readiness' ? ['readiness-probe-failure'] : ['liveness-probe-failure'];
  if (kind !== 'startup' && !causes.includes(finding.cause))
    return refuse('other-cause', `the cause found is ${finding.cause}, not the ${kind} probe`);
  if (finding.container !== undefined && finding.container !== container)
    return refuse('other-container', `it is container ${finding.container} that fails, not ${container}`);
  return FINE;
}

async function morePatience(
  context: ActionContext,
  owned: OwnedWorkload,
  container: V1Container,
  kind: ProbeKind,
  wanted: ProbeTiming,
): Promise<Proposal> {
  const probe = container[PROBE_FIELDS[kind]];
  if (probe === undefined) return nothing(refuse('not-found', `${container.name} has no ${kind} probe`));
  const raised = morePatient(probe, wanted, container.startupProbe !== undefined);
  if (raised.length === 0)
    return nothing(
      refuse('patient-already', `the ${kind} probe of ${container.name} has all the time that the runbook gives`),
    );
  const timeoutSeconds = Math.max(probe.timeoutSeconds ?? 1, wanted.timeoutSeconds ?? 1);
  return {
    found: raised.map(({ field, before, after }) => ({
      path: pathOf(owned, container, kind, field),
      before,
      after,
    })),
    text: raised.map(({ field, before, after }) => `${field} ${before ?? 'unset'} -> ${after}`).join(', '),
    verdict: await withHealthyProbe(
      context,
      owned,
      { container, kind, probe },
      await answersLate(context, owned, { container, kind, probe, timeoutSeconds }),
    ),
  };
}

/** Where the probe asks another question than when the target was healthy, the refusal names that one: it is the mend. */
async function withHealthyProbe(
  context: ActionContext,
  owned: OwnedWorkload,
  { container, kind, probe }: { container: V1Container; kind: ProbeKind; probe: V1Probe },
  verdict: Verdict,
): Promise<Verdict> {
  if (verdict.refusal === undefined) return verdict;
  const healthy = await readHealthy(context, owned);
  if ('refusal' in healthy) return verdict;
  const then = containerIn(healthy.revision.template, container.name)?.[PROBE_FIELDS[kind]];
  if (then === undefined || canonicalText(handlerOf(then)) === canonicalText(handlerOf(probe))) return verdict;
  const { code, reason } = verdict.refusal;
  return refuse(code, `${reason}; when ${container.name} was healthy this probe asked ${handlerText(then)}`);
}

/** A startupProbe holds the others back until it has succeeded; where there is one, it gets the time (safety 9). */
async function longerStart(
  context: ActionContext,
  owned: OwnedWorkload,
  container: V1Container,
  wanted: ProbeTiming,
): Promise<Proposal> {
  const { startupProbe, livenessProbe } = container;
  const probe = startupProbe ?? livenessProbe;
  if (probe === undefined)
    return nothing(refuse('not-killed', `${container.name} has no probe that could end its start`));
  const after = startupProbe === undefined ? startupLike(probe, wanted) : patient(startupProbe, wanted);
  const [now, then] = [startBudget(container), startBudget({ ...container, startupProbe: after })];
  if (then <= now)
    return nothing(
      refuse('patient-already', `a start of ${container.name} may take ${now} s already, the runbook gives ${then} s`),
    );
  const healthy = await readHealthy(context, owned);
  const question = { container, kind: 'startup' as const, probe, timeoutSeconds: after.timeoutSeconds ?? 1 };
  return {
    found: [
      {
        path: pathOf(owned, container, 'startup'),
        before: startupProbe === undefined ? undefined : toJson(startupProbe),
        after: toJson(after),
      },
    ],
    text: `its start may take ${then} s (now ${now} s) until ${handlerText(probe)} answers`,
    verdict: await startsLate(
      context,
      owned,
      question,
      'revision' in healthy && asksTheSame(healthy.revision.template, container, probe),
    ),
  };
}

function patient(probe: V1Probe, wanted: ProbeTiming): V1Probe {
  return {
    ...probe,
    ...Object.fromEntries(morePatient(probe, wanted, false).map(({ field, after }) => [field, after])),
  };
}

/** Whether the healthy template asked the same by its liveness or startup probe. */
function asksTheSame(template: OwnedWorkload['workload']['template'], { name }: V1Container, probe: V1Probe): boolean {
  const then = containerIn(template, name);
  return [then?.livenessProbe, then?.startupProbe].some(
    (known) => known !== undefined && canonicalText(handlerOf(known)) === canonicalText(handlerOf(probe)),
  );
}

function pathOf({ workload }: OwnedWorkload, { name }: V1Container, kind: ProbeKind, field?: string): string {
  const index = workload.template.spec?.containers.findIndex((container) => container.name === name) ?? -1;
  const keys = ['spec', 'template', 'spec', 'containers', index, PROBE_FIELDS[kind]];
  return pointer(...keys, ...(field === undefined ? [] : [field]));
}

function nothing(verdict: Verdict): Proposal {
  return { found: [], text: '', verdict };
}
