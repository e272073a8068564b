import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decideNext } from '../../src/recovery/decide.ts';
import { after } from '../../src/recovery/durations.ts';
import type { EventBody, RecoveryEvent } from '../../src/recovery/events.ts';
import { fold, nextEvent } from '../../src/recovery/fold.ts';
import { openPage } from '../../src/recovery/fold-pages.ts';
import { parseWorkflowId } from '../../src/recovery/ids.ts';
import { emptyRecord } from '../../src/recovery/record.ts';
import type { PeopleStep, TargetStep } from '../../src/recovery/steps.ts';
import { alertEvents } from '../../src/workflows/messages.ts';
import type { RecordAnswer } from '../../src/workflows/recovery.ts';

/** Plain data of a recorded history, whose shape is Temporal's; what comes of it is what the tests judge. */
type Data = ReturnType<typeof JSON.parse>;

type Step = TargetStep | PeopleStep;

const HISTORIES = join(import.meta.dirname, '../workflows/histories');

function decoded(payloads: Data): Data {
  const data: string = payloads?.payloads?.[0]?.data ?? '';
  return data === '' ? null : JSON.parse(Buffer.from(data, 'base64').toString('utf8'));
}

/** What the query would have answered at the end of a recorded history: from its signals, and what its activities answered. */
export function recordedAnswer(file: string): RecordAnswer {
  const history: { events: Data[] } = JSON.parse(readFileSync(join(HISTORIES, file), 'utf8'));
  let record = emptyRecord;
  const events: RecoveryEvent[] = [];
  const append = (body: EventBody, at: string) => {
    const event = nextEvent(record, body, at);
    record = fold(record, event);
    events.push(event);
  };
  const scheduled = new Map<string, Step>();
  for (const entry of history.events) {
    const at = new Date(entry.eventTime).toISOString();
    const { workflowExecutionStartedEventAttributes: begun, workflowExecutionSignaledEventAttributes: signal } = entry;
    const { activityTaskScheduledEventAttributes: begins, activityTaskCompletedEventAttributes: ends } = entry;
    if (begun !== undefined) append(openedBy(begun.workflowId, begun.workflowType.name, at), at);
    if (record.seq > 0) append({ kind: 'tick' }, at);
    if (signal?.signalName === 'alert')
      for (const body of alertEvents(record, decoded(signal.input), at)) append(body, at);
    if (begins !== undefined) {
      // What was decided then is decided again: inputs are left out of the histories.
      const { target, people } = decideNext(record);
      const step = begins.activityType.name === 'escalate' ? people : target;
      if (step === null) throw new Error(`${file}: nothing is to be done when ${begins.activityType.name} begins`);
      scheduled.set(entry.eventId, step);
      append(beginningOf(step), at);
    }
    const ended = ends === undefined ? undefined : scheduled.get(ends.scheduledEventId);
    if (ended !== undefined) for (const body of resultOf(record, ended, decoded(ends.result))) append(body, at);
    for (let { fact } = decideNext(record); fact !== null; { fact } = decideNext(record)) append(fact, at);
  }
  return { record, events };
}

function openedBy(workflowId: string, runbookName: string, at: string): EventBody {
  const { cluster = '', target = null } = parseWorkflowId(workflowId) ?? {};
  const times = { brokenSince: at, deadline: after(at, 15 * 60_000), deadlineGiven: false };
  return {
    kind: 'opened',
    recoveryId: `${workflowId}@12345678`,
    workflowId,
    cluster,
    runbookName,
    target,
    startedBy: 'alert',
    ...times,
  };
}

function beginningOf(step: Step): EventBody {
  if (step.name === 'apply') return { kind: 'action-started', n: step.n, i: step.i };
  if (step.name === 'undo') return { kind: 'undo-started', n: step.n, i: step.i, why: step.why };
  return { kind: 'step-started', lane: isPeoples(step) ? 'people' : 'target', step: step.name };
}

const PEOPLES: ReadonlySet<Step['name']> = new Set([
  'page',
  'ask',
  'update-page',
  'acknowledge-page',
  'resolve-page',
  'note',
]);

function isPeoples({ name }: Step): boolean {
  return PEOPLES.has(name);
}

function resultOf(record: RecordAnswer['record'], step: Step, result: Data): EventBody[] {
  switch (step.name) {
    case 'load-runbook':
      return [{ kind: 'runbook-loaded', ...result }];
    case 'diagnose':
      return [{ kind: 'diagnosed', round: step.round, ...result }];
    case 'classify':
      return [
        { kind: 'classified', round: step.round, findings: result.findings },
        { kind: 'checklist', items: result.checklist, steps: result.steps },
      ];
    case 'plan': {
      const { name: _, ...planned } = step;
      return [{ kind: 'planned', ...planned, ...result }];
    }
    case 'apply':
      return [{ kind: 'action-finished', n: step.n, i: step.i, ...result }];
    case 'verify':
      return [{ kind: 'verified', n: step.n, result: result.result, checks: result.checks, better: result.better }];
    case 'assess':
      return [{ kind: 'assessed', n: step.n, better: result.better, healthy: result.healthy, saw: result.saw }];
    case 'look':
      return [{ kind: 'watched', healthy: result.healthy, broken: result.broken, saw: result.saw }];
    case 'undo':
      return [{ kind: 'undo-finished', n: step.n, i: step.i, ...result }];
    case 'release':
      return [{ kind: 'released' }];
    case 'page': {
      const { rung, notifier } = step;
      return [{ kind: 'page-sent', rung, notifier, key: openPage(record)?.key ?? '', providerId: result.providerId }];
    }
    case 'ask':
      return [{ kind: 'approval-sent', n: step.n, notifier: step.notifier }];
    case 'update-page':
      return [{ kind: 'page-updated', notifier: step.notifier, upTo: step.upTo }];
    case 'resolve-page':
      return [{ kind: 'page-resolved', page: step.page, notifier: step.notifier, reason: step.reason }];
    default:
      throw new Error(`no recorded history has ${step.name} yet`);
  }
}
