import { Context } from '@temporalio/activity';
import type { CheckContext } from '../checks/check.ts';
import { measure } from '../diagnosis/measure.ts';
import { KintsugiError, messageOf } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import type { Logger } from '../log.ts';
import type { Activities, Look, LookInput, RunbookContent, Verification, VerifyInput } from '../recovery/activities.ts';
import type { Measure, Target } from '../recovery/values.ts';
import { isBetter } from '../verification/better.ts';
import { MemoryWatch } from '../verification/memory-watch.ts';
import { plannedValues } from '../verification/plan-values.ts';
import { type Judgement, recordedReplicas } from '../verification/readiness.ts';
import { runChecks, runEssentials, verdict, type WeighedResult } from '../verification/run-checks.ts';
import { judgeLook } from '../verification/single-look.ts';
import { readTargetState, type TargetState } from '../verification/target-state.ts';
import { type Waited, waitForStability } from '../verification/wait.ts';
import type { Baselines } from './baseline.ts';
import { withFailures } from './failure.ts';
import { compareWithGit } from './git-comparison.ts';
import { beating, type Pulse } from './heartbeat.ts';
import { recordBaseline } from './record-baseline.ts';

/** What verification needs. */
export interface VerificationDependencies {
  kubernetes: Kubernetes;
  baselines: Baselines;
  log: Logger;
}

/** Milliseconds that one live look may take. */
const LOOK_MS = 10_000;

/** The activities that say whether the target is healthy; neither writes anything to the target (safety 18-21). */
export function createVerification(dependencies: VerificationDependencies): Pick<Activities, 'verify' | 'look'> {
  return {
    verify: withFailures((input) => beating((pulse) => verify(dependencies, input, pulse))),
    look: withFailures((input) => look(dependencies, input)),
  };
}

/**
 * Waits out the stability window, runs the runbook's checks and compares with the diagnosis before. A retried attempt goes on
 * where the dead one was: it counts from the activity's first scheduling and reads the pods' own times.
 */
async function verify(dependencies: VerificationDependencies, input: VerifyInput, pulse: Pulse): Promise<Verification> {
  const { kubernetes } = dependencies;
  const { target, runbook } = input;
  const memory = new MemoryWatch(kubernetes, input.cause === 'oom-killed' ? runbook.spec.target.container : null);
  const recordedDesired = recordedReplicas(
    target,
    input.plans,
    await baselineReplicas(dependencies, target),
    input.before.desired,
  );
  const waited = await waitForStability({
    kubernetes,
    target,
    settings: runbook.spec.verify.window,
    since: new Date(Context.current().info.scheduledTimestampMs),
    longestLifeSeconds: input.before.longestLifeSeconds,
    recordedDesired,
    onLook: (state) => memory.sample(state, pulse.signal),
    ...pulse,
  });
  if ('unreadable' in waited) return unreadable(waited);
  if (waited.progress.why === 'stable') await memory.waitForSamples(waited.state, pulse);
  const results = await judge(dependencies, input, { waited, recordedDesired, memory, pulse });
  return conclude(dependencies, input, waited.state, results);
}

interface Judged {
  waited: Extract<Waited, { state: TargetState }>;
  recordedDesired: number | undefined;
  memory: MemoryWatch;
  pulse: Pulse;
}

async function judge(
  { kubernetes }: VerificationDependencies,
  { target, runbook, plans }: VerifyInput,
  { waited, recordedDesired, memory, pulse }: Judged,
): Promise<WeighedResult[]> {
  const { state, window, progress } = waited;
  const context: CheckContext = {
    kubernetes,
    target,
    runbook,
    state,
    window,
    ...(recordedDesired === undefined ? {} : { recordedDesired }),
    signal: pulse.signal,
  };
  const calls = runbook.spec.verify.checks;
  if (progress.why === 'restarted') {
    const restarted: WeighedResult = { name: 'restarted', result: 'fail', saw: progress.saw, needed: true };
    return [restarted, ...(await runEssentials(context, calls, 'a container ended again'))];
  }
  pulse.heartbeat('running the checks');
  return [
    ...(await runChecks(context, calls)),
    ...added('planned-values', plannedValues(state, plans)),
    ...added('working-set', memory.judge(state)),
  ];
}

/** Checks that the cause and the plans ask for besides the runbook's: where they cannot be run they are told, and no more. */
function added(name: string, judgement: Judgement | null): WeighedResult[] {
  return judgement === null ? [] : [{ name, ...judgement, needed: false }];
}

async function conclude(
  dependencies: VerificationDependencies,
  { target, runbook, before }: VerifyInput,
  state: TargetState,
  results: readonly WeighedResult[],
): Promise<Verification> {
  const now = measureOf(state);
  const result = verdict(results);
  if (result === 'pass') await rememberHealthy(dependencies, target, runbook);
  return {
    result,
    checks: results.map(({ needed: _, ...check }) => check),
    measure: now,
    better: isBetter(before, now),
  };
}

function unreadable({ unreadable: why, gone }: Extract<Waited, { unreadable: string }>): Verification {
  const saw = gone ? `the target is gone: ${why}` : `the target could not be read: ${why}`;
  return {
    result: gone ? 'fail' : 'unknown',
    checks: [{ name: 'ready', result: gone ? 'fail' : 'unknown', saw }],
    better: gone ? false : 'unknown',
  };
}

/** One live look without waiting, at most 10 s; under a hold Git is compared too. */
async function look(dependencies: VerificationDependencies, input: LookInput): Promise<Look> {
  const { target, runbook, before, since, hold } = input;
  const recordedDesired = recordedReplicas(target, [], await baselineReplicas(dependencies, target), before?.desired);
  const state = await readInTime(dependencies.kubernetes, target);
  const judged = judgeLook(state, {
    settings: runbook.spec.verify.window,
    ...(before === undefined ? {} : { longestLifeSeconds: before.longestLifeSeconds }),
    ...(recordedDesired === undefined ? {} : { recordedDesired }),
    ...(since === undefined ? {} : { since: new Date(since) }),
  });
  const now = measureOf(state);
  const better = before === undefined ? 'unknown' : isBetter(before, now);
  if (hold === undefined) return { ...judged, better, measure: now };
  const { kubernetes, baselines } = dependencies;
  const { cancellationSignal } = Context.current();
  const compared = await compareWithGit({ kubernetes, secrets: baselines.secrets }, hold, cancellationSignal);
  return { ...judged, better, measure: now, hold: compared };
}

async function readInTime(kubernetes: Kubernetes, target: Target): Promise<TargetState> {
  const time = AbortSignal.timeout(LOOK_MS);
  try {
    return await readTargetState(kubernetes, target, AbortSignal.any([Context.current().cancellationSignal, time]));
  } catch (thrown) {
    if (!time.aborted) throw thrown;
    throw new KintsugiError('timeout', `the target could not be read within ${LOOK_MS / 1000} s`, {
      where: `${target.kind} ${target.namespace}/${target.name}`,
      fix: 'Check that the API server is up and not overloaded.',
      cause: thrown,
    });
  }
}

function measureOf({ current, older, workload, at }: TargetState): Measure {
  return measure({ pods: [...current, ...older], desired: workload.replicas, at });
}

async function baselineReplicas(
  { baselines, log }: VerificationDependencies,
  target: Target,
): Promise<number | undefined> {
  try {
    return (await baselines.read(target))?.replicas;
  } catch (thrown) {
    log.warn({ target, error: messageOf(thrown) }, 'the healthy baseline could not be read');
    return undefined;
  }
}

/** The target verified: what it is now is the healthy baseline (safety 3). A baseline that cannot be written changes no verdict. */
async function rememberHealthy(
  { kubernetes, baselines, log }: VerificationDependencies,
  target: Target,
  { spec }: RunbookContent,
): Promise<void> {
  try {
    await recordBaseline(kubernetes, baselines, target, undefined, spec.dependencies);
  } catch (thrown) {
    const code = thrown instanceof KintsugiError ? thrown.code : 'unexpected';
    log.warn({ target, code, error: messageOf(thrown) }, 'the healthy baseline could not be recorded');
  }
}
