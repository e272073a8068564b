import { KintsugiError, messageOf } from '../errors.ts';
import type { Page } from '../recovery/escalation.ts';
import type { MessageContext, Notifier } from './notifier.ts';

/** What became of one message of a test. */
export interface TestedMessage {
  event: 'trigger' | 'update' | 'acknowledge' | 'resolve';
  taken: boolean;
  /** What the provider knows the page by, or why it was not taken. */
  saw: string;
  error?: KintsugiError;
}

/** Who tests, how loud it is to be, and the time of one message. */
export interface NotifierTest {
  by: string;
  severity: 'critical' | 'warning' | 'info';
  key: string;
  timeoutMs: number;
}

/**
 * Sends a page that says that nothing is broken through one notifier: its trigger, an update, an acknowledgement where the notifier
 * has one, and its resolution, each under the same key. What may have been taken is resolved even where no answer came.
 */
export async function testNotifier(notifier: Notifier, test: NotifierTest): Promise<TestedMessage[]> {
  const page = testPage(test);
  let providerId: string | undefined;
  const context = (event: string): MessageContext => ({
    messageKey: `${test.key}/0/${event}`,
    signal: AbortSignal.timeout(test.timeoutMs),
    ...(providerId === undefined ? {} : { providerId }),
  });
  const trigger = await attempt('trigger', async () => {
    providerId = (await notifier.trigger(page, context('trigger'))).providerId;
    return providerId;
  });
  const resolve = () =>
    attempt('resolve', () => notifier.resolve(page, `the test by ${test.by} is over`, context('resolve')));
  if (!trigger.taken) return trigger.error?.retryable === true ? [trigger, await resolve()] : [trigger];
  const update = await attempt('update', () => notifier.update(page, context('update')));
  const acknowledge =
    notifier.acknowledge === undefined
      ? []
      : [await attempt('acknowledge', async () => notifier.acknowledge?.(page, test.by, context('acknowledge')))];
  return [trigger, update, ...acknowledge, await resolve()];
}

async function attempt(event: TestedMessage['event'], send: () => Promise<unknown>): Promise<TestedMessage> {
  try {
    const id = await send();
    return { event, taken: true, saw: typeof id === 'string' ? `taken as ${id}` : 'taken' };
  } catch (thrown) {
    const error = thrown instanceof KintsugiError ? thrown : unexpected(thrown);
    return { event, taken: false, saw: error.message, error };
  }
}

function unexpected(thrown: unknown): KintsugiError {
  const details = { where: 'notifier', fix: 'the message says what is wrong', cause: thrown };
  return new KintsugiError('unavailable', messageOf(thrown), details);
}

/** A page that says of itself that nothing is wrong. */
export function testPage({ by, severity, key }: NotifierTest): Page {
  const now = new Date().toISOString();
  const none = { level: 'none', text: 'this is a test' };
  return {
    key,
    recoveryId: 'kintsugi-test',
    workflowId: 'kintsugi-test',
    runbook: 'kintsugi-test',
    severity,
    component: 'kintsugi',
    service: 'test',
    symptom: `none: ${by} tests whether pages arrive`,
    title: 'Test of Kintsugi: nothing is broken',
    target: { namespace: 'kintsugi', kind: 'Test', name: 'nothing-is-broken' },
    impact: { user: none, business: none, data: none },
    brokenSince: now,
    deadline: now,
    mode: 'observe',
    findings: [],
    attempts: [],
    holds: [],
    steps: [],
    checklist: [],
    prevention: [],
    team: 'kintsugi',
    links: [],
    why: `${by} tests whether pages arrive`,
    dataLoss: [],
    // Its first line calls a target broken unless a person wants something of one that is well.
    procedure: { name: 'a test of whether pages arrive', by, isWell: true },
  };
}
