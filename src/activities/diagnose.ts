import { Context } from '@temporalio/activity';
import type { Artifacts } from '../artifacts/store.ts';
import { type Collected, type Collector, collect } from '../diagnosis/collect/collect.ts';
import { excerptOf } from '../diagnosis/excerpt.ts';
import { measure } from '../diagnosis/measure.ts';
import { describeEnd } from '../diagnosis/states.ts';
import type { Activities, DiagnoseInput, Diagnosis, StandingUndo } from '../recovery/activities.ts';
import { judgeLook } from '../verification/single-look.ts';
import { standingUndo } from './adopt.ts';
import { withFailures } from './failure.ts';

/** What diagnosing needs. */
export interface DiagnosisDependencies extends Collector {
  artifacts: Artifacts;
  /** Whether a former recovery was terminated or timed out; without it nothing of one is adopted. */
  wasCutShort?: (recoveryId: string) => Promise<boolean>;
}

/** The activity that looks at the target and everything around it. It writes nothing to the cluster. */
export function createDiagnosis(dependencies: DiagnosisDependencies): Pick<Activities, 'diagnose'> {
  return { diagnose: withFailures((input) => diagnose(dependencies, input)) };
}

async function diagnose(dependencies: DiagnosisDependencies, input: DiagnoseInput): Promise<Diagnosis> {
  const context = Context.current();
  const { target, runbook } = input;
  const collected = await collect(dependencies, {
    target,
    runbook,
    signal: context.cancellationSignal,
    heartbeat: (detail) => {
      context.cancellationSignal.throwIfAborted();
      context.heartbeat(detail);
    },
  });
  const { evidence, state, pods, baseline } = collected;
  const look = judgeLook(state, {
    settings: runbook.spec.verify.window,
    ...(baseline === null || baseline.replicas <= 0 ? {} : { recordedDesired: baseline.replicas }),
  });
  const standing = look.healthy ? null : await leftovers(dependencies, input.recoveryId, collected);
  const kept = await dependencies.artifacts.put(JSON.stringify(evidence));
  return {
    healthy: look.healthy,
    measure: measure({ pods, desired: state.workload.replicas, at: state.at }),
    evidence: { ...kept, excerpt: excerptOf(evidence) },
    saw: saw(collected, look.saw),
    ...(standing === null ? {} : { standing }),
  };
}

async function leftovers(
  { wasCutShort, log }: DiagnosisDependencies,
  recoveryId: string,
  { state, baseline }: Collected,
): Promise<StandingUndo | null> {
  if (wasCutShort === undefined) return null;
  return standingUndo({ recoveryId, workload: state.workload, baseline, log, wasCutShort });
}

/** One sentence: "0 of 1 pods ready; agent-bruno ended 4 times, last OOMKilled, exit code 137". */
function saw({ evidence }: Collected, looked: string): string {
  const worst = evidence.pods
    .flatMap((pod) => pod.containers)
    .filter(({ role }) => role !== 'init')
    .toSorted((a, b) => b.restarts - a.restarts)[0];
  const end = worst?.state.kind === 'terminated' ? worst.state : worst?.lastState;
  const ended =
    worst === undefined || end === undefined
      ? ''
      : `; ${worst.name} was restarted ${worst.restarts} times, last end ${describeEnd(end)}`;
  return `${looked}${ended}`.replace(/\s+/g, ' ').slice(0, 400);
}
