import { declaredTarget } from '../../actions/rules/runbook-target.ts';
import { planRemedy } from '../../activities/plan-remedy.ts';
import type { RemediationDependencies } from '../../activities/remedy-context.ts';
import type { Configuration } from '../../configuration/configuration.ts';
import type { Subject } from '../../diagnosis/collect/subject.ts';
import type { Evidence } from '../../diagnosis/evidence.ts';
import { KintsugiError } from '../../errors.ts';
import { type Workload, workloadKind } from '../../kubernetes/workloads.ts';
import type { Finding, Plan } from '../../recovery/values.ts';
import { catalogueOf } from '../../runbook/catalogue.ts';
import { loadRunbooks, type StoredRunbook } from '../../runbook/load.ts';
import type { Remedy } from '../../runbook/schema.ts';

/** The remedy that the runbook has for what was found, planned and not done. */
export interface PlannedRemedy {
  remedy: string;
  plans: Plan[];
  /** Whether the rules of safety let it go on: none of its plans is refused. */
  possible: boolean;
}

/** The runbook that declares this target and mends causes; null where none does. Faulty runbooks, and a folder that is not there, are told in `missing`. */
export async function runbookFor(
  configuration: Pick<Configuration, 'runbooks' | 'notifiers'>,
  subject: Subject,
  missing: string[],
): Promise<StoredRunbook | null> {
  if (!isMended(subject)) return null;
  const { runbooks, faults } = await loadRunbooks(configuration.runbooks, catalogueOf(configuration)).catch(
    (thrown: unknown) => {
      if (!(thrown instanceof KintsugiError)) throw thrown;
      missing.push(`runbooks: ${thrown.message}`);
      return { runbooks: [], faults: [] };
    },
  );
  const files = [...new Set(faults.map(({ file }) => file))];
  missing.push(...files.map((file) => `runbook ${file}: it has faults; kintsugi runbook validate shows them`));
  const mending = runbooks.filter(({ runbook }) => runbook.spec.causes.length > 0);
  return mending.find(({ runbook }) => declaredTarget(runbook, subject.workload).refusal === undefined) ?? null;
}

/** Whether it is of a kind that Kintsugi mends. */
function isMended(subject: Subject): subject is Subject & { workload: Workload } {
  try {
    workloadKind(subject.workload.kind);
    return true;
  } catch {
    return false;
  }
}

/** What planning needs of the process. */
export type Planning = Omit<RemediationDependencies, 'isRunOpen'>;

/**
 * Plans the first remedy for the leading finding that the rules of safety allow, as a recovery in `observe` does; where none is
 * allowed, the first with its refusal. Null where the runbook has no remedy for the cause. Only reads.
 */
export async function planFor(
  planning: Planning,
  { runbook }: StoredRunbook,
  { evidence, findings }: { evidence: Evidence; findings: readonly Finding[] },
  signal: AbortSignal,
): Promise<PlannedRemedy | null> {
  const finding = findings.find(({ root }) => root) ?? findings[0];
  const remedies = runbook.spec.causes.find(({ cause }) => cause === finding?.cause)?.remedies ?? [];
  if (finding === undefined) return null;
  let refused: PlannedRemedy | null = null;
  for (const remedy of remedies) {
    const planned = await planOne(planning, { remedy, finding, evidence, runbook, signal });
    if (planned.possible) return planned;
    refused ??= planned;
  }
  return refused;
}

interface Asked {
  remedy: Remedy;
  finding: Finding;
  evidence: Evidence;
  runbook: StoredRunbook['runbook'];
  signal: AbortSignal;
}

async function planOne(
  planning: Planning,
  { remedy, finding, evidence, runbook, signal }: Asked,
): Promise<PlannedRemedy> {
  // Nothing of another recovery is taken back here, so none has to be known.
  const dependencies = { ...planning, isRunOpen: async () => false };
  const input = {
    recoveryId: 'diagnose',
    target: evidence.target,
    runbook,
    n: 1,
    finding,
    remedy: remedy.name,
    brokenSince: brokenSince(evidence),
    onlyShown: true,
  };
  const { plans } = await planRemedy(dependencies, input, { heartbeat: () => signal.throwIfAborted(), signal });
  return { remedy: remedy.name, plans, possible: plans.every(({ refusal }) => refusal === undefined) };
}

/** The earliest end, or loss of readiness, that still shows: what was changed after it did not break it (safety 5). */
function brokenSince({ pods, takenAt }: Evidence): string {
  const times = pods
    .filter(({ ready }) => !ready)
    .flatMap(({ conditions, containers }) => [
      ...conditions.filter(({ type }) => type === 'Ready').map(({ since }) => since),
      ...containers.flatMap(({ state, lastState }) => [state.finishedAt, lastState?.finishedAt]),
    ])
    .filter((time) => time !== undefined)
    .toSorted();
  return times[0] ?? takenAt;
}
