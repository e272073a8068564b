import { describe, expect, test } from '@jest/globals';
import type { EventBody } from '../../src/recovery/events.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { raisePlan, waitPlan } from './samples.ts';
import {
  applied,
  begun,
  decided,
  diagnosed,
  given,
  happen,
  ordered,
  planned,
  started,
  undoFinished,
  verified,
} from './story.ts';

/** What `close` takes back, and what it leaves and names. */

const writing = happen(started(), 1, ...diagnosed(), planned(), begun());
const halfDone = happen(writing, 1, applied(), begun(1));
const done = happen(halfDone, 1, applied(1));
const stopped: EventBody = { kind: 'step-stopped', lane: 'target', step: 'verify' };
const verifying = happen(done, 1, { kind: 'step-started', lane: 'target', step: 'verify' });

/** What is done after the close, until it has ended. */
function closed(record: RecoveryRecord, ...ends: EventBody[]) {
  const closing = happen(record, 2, given('close', { rootCause: 'a leak', outcome: 'handed-over' }), ...ends);
  return { closing, ...decided(closing) };
}

describe('close', () => {
  test.each<[string, RecoveryRecord, EventBody[]]>([
    ['whose verification has just failed', happen(done, 1, verified('fail')), []],
    ['that was applied and not verified yet', done, []],
    ['whose verification is under way', verifying, [stopped]],
    ['whose second action is under way', halfDone, [{ kind: 'action-finished', n: 1, i: 1, outcome: 'failed' }]],
    ['whose write was under way, and was made', writing, [applied()]],
    ['of which no answer came', writing, [{ kind: 'action-finished', n: 1, i: 0, outcome: 'unknown' }]],
    ['that waits for an answer in mid-remedy', asking(), []],
  ])('undoes a remedy %s, and only then ends as it was said', (_, record, ends) => {
    const { closing, decision, facts } = closed(record, ...ends);
    expect(facts).toEqual([]);
    expect(decision.target).toEqual({ name: 'undo', n: 1, i: 0, why: 'closed by ana' });
    const over = decided(happen(closing, 2, ...undoFinished(0), { kind: 'released' }));
    expect(over.record.closed).toMatchObject({ outcome: 'handed-over', rootCause: 'a leak', standing: [] });
  });

  test('leaves what could not be taken back, and names it', () => {
    const { closing } = closed(done);
    const over = decided(happen(closing, 2, ...undoFinished(0, 'refused'), { kind: 'released' }));
    expect(over.record.closed).toMatchObject({ standing: [raisePlan.summary] });
  });

  test.each<[string, RecoveryRecord, string[]]>([
    ['is unproven', happen(done, 1, verified('unknown'), { kind: 'released' }), [raisePlan.summary]],
    [
      'a person has taken over',
      happen(done, 1, given('takeOver', {}, 'bo'), { kind: 'released' }),
      [raisePlan.summary],
    ],
    ['has verified', decided(happen(done, 1, verified('pass'), { kind: 'released' })).record, []],
  ])('leaves what %s, and names what stands unverified', (_, record, standing) => {
    const { record: over } = closed(record);
    expect(over.closed).toMatchObject({ outcome: 'handed-over', standing });
  });

  test('begins nothing of a remedy that was only planned or approved', () => {
    const { record } = closed(happen(started(), 1, ...diagnosed(), planned()));
    expect(record.closed).toMatchObject({ standing: [] });
  });

  test('ends what is being undone already for the reason that it had', () => {
    const undoing = happen(done, 1, ordered('undo'));
    expect(closed(undoing).decision.target).toMatchObject({ name: 'undo', why: 'ordered by ana' });
  });

  test('of a run that began under the former rules leaves it as it was', () => {
    const { record } = closed({ ...happen(done, 1, verified('fail'), { kind: 'released' }), formerRules: true });
    expect(record.closed).toMatchObject({ standing: [raisePlan.summary] });
  });
});

function asking(): RecoveryRecord {
  const plan = { ...raisePlan, ask: 'the tag has moved' };
  const two = planned(1, 'raise-memory', [raisePlan, plan, waitPlan]);
  const record = happen(started(), 1, ...diagnosed(), two);
  const approved: EventBody = { kind: 'approval-asked', n: 1, quorum: 1, expiresAt: 'x', digest: 'd', why: 'w' };
  const again: EventBody = { kind: 'replanned', n: 1, i: 1, plan: { ...plan, summary: 'other' }, digest: 'e' };
  const asked = decided(happen(record, 1, approved, ordered('approve'), begun(), applied(), begun(1), again)).record;
  expect(asked.attempts[0]?.stage).toBe('asked');
  return asked;
}
