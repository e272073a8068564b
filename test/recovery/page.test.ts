import { describe, expect, test } from '@jest/globals';
import { plainText } from '../../src/notify/page.ts';
import type { EventBody } from '../../src/recovery/events.ts';
import { pageOf } from '../../src/recovery/page.ts';
import { putBackLines } from '../../src/recovery/put-back.ts';
import { emptyRecord, type RecoveryRecord } from '../../src/recovery/record.ts';
import { holdPlan, raisePlan } from './samples.ts';
import { applied, at, begun, decidedAt, diagnosed, given, happen, planned, started, verified } from './story.ts';

const told = (record: RecoveryRecord): string => plainText({ event: 'trigger', page: pageOf(record, 'k') });
const firstLine = (record: RecoveryRecord): string => told(record).split('\n')[0] ?? '';

const unreachable: EventBody & { kind: 'step-failed' } = {
  kind: 'step-failed',
  lane: 'target',
  step: 'diagnose',
  error: {
    code: 'unavailable',
    message: 'the API server does not answer: ECONNREFUSED 10.0.0.1:6443',
    where: 'KUBECONFIG',
    fix: 'start it',
  },
};

describe('a page after a relapse', () => {
  const plans = [holdPlan, raisePlan];
  const broken = happen(
    happen(started(), 5, ...diagnosed(), planned(1, 'raise-memory', plans), begun(0), applied(0), begun(1), applied(1)),
    5,
    verified('pass'),
    { kind: 'recovered', by: 'remedy' },
  );
  const relapsed = happen(broken, 8, { kind: 'relapsed', brokenSince: at(8), deadline: at(23) });

  test('names in its first line the change that verified before and stands', () => {
    expect(firstLine(relapsed)).toContain(`CHANGED EARLIER, verified 03:05 UTC: ${raisePlan.summary}`);
    expect(firstLine(relapsed)).toContain(`STANDS CHANGED: ${holdPlan.summary}`);
    expect(firstLine(relapsed)).not.toContain('Nothing stands changed');
  });

  test('tells whoever takes over how that change is put back too', () => {
    expect(putBackLines(happen(relapsed, 9, given('takeOver')))).toContain(
      `- verified 03:05 UTC: ${raisePlan.summary}`,
    );
  });

  test('no longer names it once it was undone', () => {
    const undone = happen(
      relapsed,
      10,
      { kind: 'undo-started', n: 1, i: 1, why: 'ordered' },
      {
        kind: 'undo-finished',
        n: 1,
        i: 1,
        outcome: 'undone',
      },
    );
    expect(firstLine(undone)).not.toContain('CHANGED EARLIER');
  });
});

describe('a page without a diagnosis', () => {
  const blind = decidedAt(happen(started(), 14, unreachable), 15).record;

  test('says what could not be read, also where the target is known', () => {
    expect(told(blind)).toContain('Trouble: diagnose failed: the API server does not answer');
  });

  test('has each written step with why it is not possible yet, and whom to call all the same', () => {
    const { steps } = pageOf(blind, 'k');
    const listed = blind.runbook?.content.spec.escalation.steps ?? [];
    expect(steps).toHaveLength(listed.length);
    for (const { id, found } of steps)
      expect(found).toMatch(id === 'contact' ? /^Team / : /^not possible yet: diagnose failed: the API server/);
  });

  test('says that nothing was looked at where nothing failed either', () => {
    const early = decidedAt(started(), 15).record;
    expect(told(early)).toContain('Trouble: not diagnosed yet');
    expect(pageOf(early, 'k').steps[0]?.found).toBe('not possible yet: not diagnosed yet');
  });

  test('has the six steps also where no runbook could be loaded', () => {
    const unloaded = happen(emptyRecord, 1, { ...unreachable, lane: 'target', step: 'load-runbook' });
    expect(pageOf(unloaded, 'k').steps.map(({ id }) => id)).toEqual(
      'recent-changes cluster-issues dependencies application-changes contact rollback'.split(' '),
    );
  });

  test('says no such thing after a diagnosis', () => {
    const seen = decidedAt(happen(started(), 1, ...diagnosed()), 15).record;
    expect(told(seen)).not.toContain('Trouble:');
    expect(pageOf(seen, 'k')).not.toHaveProperty('trouble');
  });
});

describe('the step about a rollback', () => {
  const step = {
    id: 'rollback',
    text: 'Roll back',
    found: 'kintsugi rollback',
    foundInObserve: 'kubectl rollout undo',
  };
  const page = (mode: 'auto' | 'observe') =>
    pageOf(happen(started({ mode }), 1, ...diagnosed(), { kind: 'checklist', items: [], steps: [step] }), 'k');

  test('offers the order only where the mode lets it be taken', () => {
    expect(page('auto').steps).toEqual([{ id: 'rollback', text: 'Roll back', found: 'kintsugi rollback' }]);
    expect(page('observe').steps).toEqual([{ id: 'rollback', text: 'Roll back', found: 'kubectl rollout undo' }]);
  });
});
