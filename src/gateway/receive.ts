import { KintsugiError } from '../errors.ts';
import { workflowIdOf } from '../recovery/ids.ts';
import type { AlertDelivery, Delivered } from '../temporal/alerts.ts';
import { type Delivering, mayStart, type RoutedDelivery, type Routing } from './routing.ts';

/** What became of one alert (contracts.md, "HTTP"). */
export interface AlertResult {
  fingerprint: string;
  status: 'started' | 'joined' | 'recorded' | 'unmatched' | 'refused';
  workflowId?: string;
  reason?: string;
}

export type Deliver = (delivery: AlertDelivery) => Promise<Delivered>;

/** What became of a post: a result for each alert in its order, or the fault for which all should be sent again. */
export type Received = { results: AlertResult[] } | { later: KintsugiError };

/** Recoveries that are written to at the same time for one post. */
const AT_ONCE = 8;

/** The better of two results of an alert that went to several recoveries. */
const RANK: AlertResult['status'][] = ['started', 'joined', 'recorded', 'refused', 'unmatched'];

/**
 * Delivers a routed post. Alertmanager repeats on 5xx only: one alert that could be stored later asks for the whole post
 * again, since repeats are harmless; one that can never be stored is refused.
 */
export async function deliverPost(routing: Routing, count: number, deliver: Deliver): Promise<Received> {
  const results: (AlertResult | undefined)[] = Array.from({ length: count });
  for (const { index, fingerprint, status, reason } of routing.answered)
    results[index] = { fingerprint, status, reason };
  let later: KintsugiError | null = null;
  const byRecovery = Map.groupBy(routing.deliveries, ({ delivery }) => workflowIdOf(delivery.cluster, delivery.target));
  await eachAtOnce([...byRecovery], AT_ONCE, async ([workflowId, deliveries]) => {
    // One after the other: the first message may start what the next ones join.
    for (const routed of deliveries) {
      const outcome = await attempt(routed, deliver);
      if (outcome instanceof KintsugiError && outcome.retryable) {
        later ??= outcome;
        return;
      }
      for (const alert of routed.alerts) {
        const result = resultOf(alert, outcome, workflowId);
        results[alert.index] = better(results[alert.index], result);
      }
    }
  });
  return later === null ? { results: results.filter((result) => result !== undefined) } : { later };
}

async function attempt({ delivery }: RoutedDelivery, deliver: Deliver): Promise<Delivered | KintsugiError> {
  try {
    return await deliver(delivery);
  } catch (thrown) {
    if (thrown instanceof KintsugiError) return thrown;
    throw thrown;
  }
}

function resultOf({ message }: Delivering, outcome: Delivered | KintsugiError, workflowId: string): AlertResult {
  const { fingerprint } = message;
  if (outcome instanceof KintsugiError) return { fingerprint, status: 'refused', reason: outcome.message };
  if (outcome === 'absent') {
    const kind = message.status === 'resolved' ? 'a resolved alert' : 'a related alert';
    return { fingerprint, status: 'recorded', reason: `${kind} starts no recovery, and none is open`, workflowId };
  }
  return { fingerprint, status: outcome === 'started' && mayStart(message) ? 'started' : 'joined', workflowId };
}

function better(one: AlertResult | undefined, other: AlertResult): AlertResult {
  return one === undefined || RANK.indexOf(other.status) < RANK.indexOf(one.status) ? other : one;
}

/** Runs `work` for every item, at most `limit` at the same time. */
async function eachAtOnce<T>(items: T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const worker = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}
