import { Context } from '@temporalio/activity';
import type { CheckContext } from '../checks/check.ts';
import { KintsugiError } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import type { Activities, AfterRecoveryInput } from '../recovery/activities.ts';
import type { PostRecoveryItem } from '../recovery/values.ts';
import { anyOfNames } from '../runbook/post-recovery.ts';
import type { CheckCall, PostRecoveryPoint } from '../runbook/schema.ts';
import { judgeLogs } from '../verification/logs-after-recovery.ts';
import { type Answer, judgeMetrics } from '../verification/metrics-after-recovery.ts';
import { runChecks, verdict } from '../verification/run-checks.ts';
import { readTargetState, type TargetState } from '../verification/target-state.ts';
import { stabilityWindow } from '../verification/window.ts';
import { withFailures } from './failure.ts';

/** What the look after a recovery needs. */
export interface PostRecoveryDependencies {
  kubernetes: Kubernetes;
  /** Undefined where no Prometheus is configured. */
  prometheusUrl: string | undefined;
  redact(text: string): string;
}

/** The most that one point may say: events and pages carry all of them (durability 9). */
const LONGEST_SAW = 1500;

/** The activity that fills in the points after a recovery. It reads only; what cannot be seen is told, point by point. */
export function createPostRecovery(dependencies: PostRecoveryDependencies): Pick<Activities, 'checkAfterRecovery'> {
  return { checkAfterRecovery: withFailures((input) => checkAfterRecovery(dependencies, input)) };
}

async function checkAfterRecovery(
  dependencies: PostRecoveryDependencies,
  input: AfterRecoveryInput,
): Promise<{ items: PostRecoveryItem[] }> {
  const { target, points } = input;
  const { cancellationSignal: signal } = Context.current();
  const state = points.length === 0 ? null : await stateOrReason(dependencies.kubernetes, target, signal);
  const items: PostRecoveryItem[] = [];
  for (const point of points) {
    const { state: result, saw } = await answerOf(dependencies, input, point, { seen: state, signal });
    items.push({ id: point.id, text: point.text, state: result, saw: saw.slice(0, LONGEST_SAW) });
  }
  return { items };
}

interface Seen {
  /** Why it could not be read, as a text. */
  seen: TargetState | string | null;
  signal: AbortSignal;
}

async function stateOrReason(
  kubernetes: Kubernetes,
  target: AfterRecoveryInput['target'],
  signal: AbortSignal,
): Promise<TargetState | string> {
  try {
    return await readTargetState(kubernetes, target, signal);
  } catch (thrown) {
    signal.throwIfAborted();
    // What passes is tried again by Temporal.
    if (!(thrown instanceof KintsugiError) || thrown.retryable) throw thrown;
    return `the target could not be read: ${thrown.message}`;
  }
}

async function answerOf(
  { kubernetes, prometheusUrl, redact }: PostRecoveryDependencies,
  input: AfterRecoveryInput,
  point: PostRecoveryPoint,
  { seen, signal }: Seen,
): Promise<Answer> {
  if (typeof seen === 'string' || seen === null) return { state: 'not-possible', saw: seen ?? 'nothing was looked at' };
  switch (point.id) {
    case 'function':
      return askFunction(kubernetes, input, point.checks, { state: seen, signal });
    case 'metrics':
      return judgeMetrics({ prometheusUrl, names: queryNames(input, seen), signal }, point.queries);
    case 'logs':
      return judgeLogs({ kubernetes, redact, signal }, seen.current, new Date(input.since));
    default:
      return { state: 'open', saw: 'a person answers it' };
  }
}

/** The runbook's own question to the target; without one, what the verification asked over HTTP. */
async function askFunction(
  kubernetes: Kubernetes,
  { target, runbook }: AfterRecoveryInput,
  own: CheckCall[] | undefined,
  { state, signal }: { state: TargetState; signal: AbortSignal },
): Promise<Answer> {
  const { window: settings, checks } = runbook.spec.verify;
  const { template } = state.workload;
  const window = stabilityWindow({ settings, longestLifeSeconds: 0, template });
  const context: CheckContext = { kubernetes, target, runbook, state, window, signal };
  const calls = own ?? checks.filter((call) => typeof call !== 'string' && 'http' in call);
  const results = await runChecks(context, calls);
  const result = verdict(results);
  const told = result === 'pass' ? results : results.filter((one) => one.result !== 'pass');
  const saw = told.map(({ name, saw: seen }) => `${name}: ${seen}`).join('; ');
  return { state: ({ pass: 'done', fail: 'found', unknown: 'not-possible' } as const)[result], saw };
}

function queryNames({ target, runbook }: AfterRecoveryInput, state: TargetState): Map<string, string> {
  const pods = state.current.flatMap(({ metadata }) => metadata?.name ?? []);
  const container = runbook.spec.target.container ?? state.workload.template.spec?.containers[0]?.name ?? '';
  const params = Object.entries(runbook.spec.params).map(([name, value]): [string, string] => [name, String(value)]);
  const { namespace, kind, name } = target;
  return new Map([...params, ...Object.entries({ namespace, kind, name, container, pods: anyOfNames(pods) })]);
}
