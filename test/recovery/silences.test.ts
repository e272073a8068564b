import { describe, expect, test } from '@jest/globals';
import type { EventBody } from '../../src/recovery/events.ts';
import { effectiveMode, modeReason } from '../../src/recovery/policy.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import {
  alertLabels,
  goesOnUnread,
  heldBackEvents,
  noSilences,
  silencedBy,
  silenceEvents,
} from '../../src/recovery/silences.ts';
import type { Silence } from '../../src/recovery/values.ts';
import { finding, smallRunbook, withPostRecovery } from './samples.ts';
import {
  alert,
  applied,
  assessed,
  at,
  begun,
  decided,
  decidedAt,
  diagnosed,
  given,
  happen,
  ordered,
  paged,
  planned,
  started,
  undoFinished,
  verified,
  watched,
} from './story.ts';

/** Set at minute 1 for half an hour, in the middle of a recovery whose deadline is minute 15. */
const silence: Silence = {
  id: 's1',
  source: 'kintsugi',
  by: 'ana',
  why: 'node upgrade',
  since: at(1),
  until: at(30),
};
const read: EventBody = { kind: 'silences-read', unread: [], voice: null };
const silenced: EventBody[] = [read, { kind: 'silenced', ...silence }];

function asking(options: Parameters<typeof started>[0] = {}): RecoveryRecord {
  return { ...started(options), silences: noSilences };
}

/** The people lane asks; this is what it hears. */
function hear(record: RecoveryRecord, minutes: number, ...answer: EventBody[]): RecoveryRecord {
  expect(decidedAt(record, minutes).decision.people).toEqual({ name: 'read-silences' });
  return happen(
    decidedAt(record, minutes).record,
    minutes,
    { kind: 'step-started', lane: 'people', step: 'read-silences' },
    ...answer,
  );
}

const kinds = (facts: EventBody[]): string[] => facts.map(({ kind }) => kind);

describe('under a silence', () => {
  const quiet = happen(asking(), 1, ...diagnosed(), planned(), ...silenced);

  test('it is asked at the start whether one holds', () => {
    expect(decided(asking()).decision.people).toEqual({ name: 'read-silences' });
    expect(decided(happen(asking(), 0, read)).decision.people).toBeNull();
  });

  test('automation begins no write, and looks go on', () => {
    expect(decided(happen(asking(), 1, ...diagnosed(), planned(), read)).decision.target?.name).toBe('apply');
    expect(decided(quiet).decision.target).toBeNull();
    expect(decidedAt(quiet, 2).decision.target?.name).toBe('look');
  });

  test('a remedy that is under way stops before its next write; what it has begun is taken back at the deadline', () => {
    const under = happen(asking(), 1, ...diagnosed(), planned(1, 'raise-memory', twoWrites()), begun(), applied());
    expect(decided(happen(under, 2, read)).decision.target).toMatchObject({ name: 'apply', i: 1 });
    const stopped = happen(under, 2, ...silenced);
    expect(decided(stopped).decision.target).toBeNull();
    const late = happen(hear(decidedAt(stopped, 15).record, 15, read), 15);
    expect(decided(late).decision.target?.name).toBe('assess');
    const worse = happen(late, 15, assessed(false));
    expect(decided(worse).decision.target?.name).toBe('undo');
    expect(decided(happen(worse, 15, ...undoFinished(0))).record.pages).toEqual([]);
  });

  test('what waits for the pods and writes nothing goes on', () => {
    const under = happen(asking(), 1, ...diagnosed(), planned(), begun(), applied());
    expect(decided(happen(under, 2, ...silenced)).decision.target).toMatchObject({ name: 'apply', i: 1 });
  });

  test('what a person orders is no automation, and goes on', () => {
    const roll: EventBody = {
      ...{ kind: 'order', id: 'o1', name: 'rollback', actor: 'bo', verified: false, args: { revision: 2 } },
      accepted: true,
    };
    const now = happen(quiet, 2, roll);
    const again: EventBody = { ...planned(2, 'rollback to revision 2'), findingKey: 'order|o1' } as EventBody;
    const stood = happen({ ...now, attempts: [] }, 2, again);
    expect(decided(stood).decision.target).toMatchObject({ name: 'apply' });
  });

  test('nobody is asked for approval, and is as soon as it is over', () => {
    const approving = happen(asking({ mode: 'approve' }), 1, ...diagnosed(), planned(), ...silenced);
    expect(decided(approving).record.attempts[0]?.stage).toBe('planned');
    const over = happen(hear(approving, 5, read), 5, { kind: 'silence-ended', id: 's1', by: 'ana', why: 'ended' });
    expect(decided(over).record.attempts[0]?.stage).toBe('asked');
  });

  test('nobody is asked on an old answer: it is read again right before', () => {
    const approving = happen(asking({ mode: 'approve' }), 1, read, ...diagnosed());
    const soon = happen(decidedAt(approving, 1.2).record, 1.2, planned());
    expect(decided(soon).record.attempts[0]?.stage).toBe('asked');
    const later = happen(decidedAt(approving, 2.2).record, 2.2, planned());
    expect(decided(later).record.attempts[0]?.stage).toBe('planned');
    expect(decided(hear(later, 2.2, read)).record.attempts[0]?.stage).toBe('asked');
  });

  test('a page that comes due is held, once said so, and goes out at once when its time is over, with who silenced it and why', () => {
    const held = decidedAt(quiet, 15);
    expect(kinds(held.facts)).toEqual(['deadline-passed', 'page-held']);
    expect(held.record.pages).toEqual([]);
    expect(kinds(decidedAt(held.record, 20).facts)).toEqual([]);
    expect(kinds(decidedAt(held.record, 30).facts)).toEqual(['silence-ended']);
    const sent = decided(hear(held.record, 30, read));
    expect(sent.facts[0]).toMatchObject({
      kind: 'rung-due',
      why: expect.stringMatching(
        /^the deadline has passed.*held since .*03:15.*silenced by ana until .*03:30.*\(node upgrade\), its time is over$/,
      ),
    });
  });

  test('a page goes out when a person ends the silence', () => {
    const held = decided(hear(quiet, 15, read)).record;
    const told = silenceEvents(held, { silence: null, unread: [], endedBy: 'bo', voice: null });
    expect(told[1]).toEqual({ kind: 'silence-ended', id: 's1', by: 'bo', why: 'it was ended before its time' });
    const sent = decided(hear(held, 16, ...told));
    expect(sent.facts[0]).toMatchObject({ kind: 'rung-due', why: expect.stringContaining('ended by bo') });
  });

  test('a page that was held waits for no first look of the runbook by which a person has the recovery go on', () => {
    const held = decided(hear(quiet, 15, read)).record;
    const other: EventBody = {
      kind: 'runbook-changed',
      from: 'r',
      to: 'restore',
      brokenSince: at(0),
      deadline: at(15),
    };
    const over = happen(held, 30, { kind: 'silence-ended', id: 's1', why: 'its time is over' }, other);
    expect(kinds(decided(hear(over, 30, read)).facts)).toEqual(['rung-due']);
  });

  test('no page goes out for a target that is healthy when it is over', () => {
    const held = decided(hear(quiet, 15, read)).record;
    const well = decided(happen(held, 20, watched(true)));
    expect(kinds(well.facts)).toContain('recovered');
    expect(decidedAt(well.record, 30).record.pages).toEqual([]);
  });

  test('an early page is held too: nothing is left to try', () => {
    const unknown = { ...finding, cause: 'unknown' };
    const now = happen(asking(), 2, ...diagnosed(1, unknown), ...silenced);
    expect(kinds(decided(now).facts)).toEqual(['page-held']);
  });

  test('a page that is open stays open, and is brought up to date', () => {
    const open = happen(decided(happen(asking(), 15, read, { kind: 'tick' })).record, 15, ...paged);
    expect(open.pages).toHaveLength(1);
    const now = happen(open, 16, ...diagnosed(), ...silenced);
    expect(decided(now).decision.people).toMatchObject({ name: 'update-page' });
    expect(decided(happen(now, 17, watched(true))).decision.people).toMatchObject({ name: 'resolve-page' });
  });

  test('a recovery that a person cancels pages all the same: nobody would when the silence is over', () => {
    const cancelled = happen(quiet, 3, ordered('cancel'), watched(false));
    expect(kinds(decided(cancelled).facts)).toContain('rung-due');
  });

  test('it is asked again every quarter of a minute whether it still holds', () => {
    expect(decidedAt(quiet, 1.2).decision.people).toBeNull();
    expect(decidedAt(quiet, 1.25).decision.people).toEqual({ name: 'read-silences' });
  });
});

describe('the alerts that Alertmanager’s matchers are about', () => {
  const labelled = (fingerprint: string, status: 'firing' | 'resolved') =>
    alert({ fingerprint, status, labels: { pod: fingerprint } });
  const pods = (record: RecoveryRecord) => alertLabels(record).map(({ pod }) => pod);
  const two = happen(asking(), 1, labelled('f1', 'firing'), labelled('f2', 'firing'));

  test('are those that fire', () => {
    expect(pods(two)).toEqual(['f1', 'f2']);
    expect(pods(happen(two, 2, labelled('f1', 'resolved')))).toEqual(['f2']);
  });

  test('are those that fired, where none does any more: the work goes on that silenced them', () => {
    expect(pods(happen(two, 2, labelled('f1', 'resolved'), labelled('f2', 'resolved')))).toEqual(['f1', 'f2']);
  });
});

describe('what cannot be read holds no page', () => {
  const failed: EventBody = {
    kind: 'silences-read',
    unread: [
      { source: 'kintsugi', why: 'no answer' },
      { source: 'annotation', why: 'no answer' },
    ],
  };

  test('people are called when nobody answers at the deadline', () => {
    const now = hear(happen(asking(), 14, ...diagnosed()), 15, failed);
    expect(kinds(decided(now).facts)).toEqual(['rung-due']);
  });

  test('an answer in flight is waited for', () => {
    const asked = happen(decidedAt(asking(), 15).record, 15, {
      kind: 'step-started',
      lane: 'people',
      step: 'read-silences',
    });
    expect(kinds(decided(asked).facts)).toEqual([]);
  });

  test('a silence that was read is believed for two minutes without an answer, and no longer', () => {
    const known = happen(asking(), 14, ...diagnosed(), ...silenced);
    const held = hear(known, 15, failed);
    expect(kinds(decidedAt(known, 15).facts)).toEqual(['deadline-passed', 'page-held']);
    expect(silencedBy(decidedAt(held, 15.9).record)?.id).toBe('s1');
    const lost = decidedAt(hear(held, 15.9, failed), 16);
    expect(kinds(lost.facts)).toEqual(['silence-ended']);
    expect(kinds(decided(hear(lost.record, 16, failed)).facts)).toEqual(['rung-due']);
  });

  test('a write waits a minute for what cannot be read, and then goes on', () => {
    const waits = (record: RecoveryRecord, minutes: number) =>
      happen(
        record,
        minutes,
        begun(),
        ...heldBackEvents(record, { n: 1, i: 0 }, { outcome: 'held-back', why: 'it cannot be read', unread: true }),
        { kind: 'released' },
      );
    const goesOn = (record: RecoveryRecord, minutes: number, i = 0) => {
      const later = decidedAt(record, minutes);
      const [attempt] = later.record.attempts;
      expect(later.decision.target?.name).toBe('apply');
      return attempt !== undefined && goesOnUnread(later.record, attempt, i);
    };
    const first = waits(happen(asking(), 1, read, ...diagnosed(), planned()), 1);
    expect(decidedAt(first, 1.2).decision.target).toBeNull();
    expect(goesOn(first, 1.25)).toBe(false);
    const second = waits(first, 1.8);
    expect(goesOn(second, 2.1)).toBe(true);
    expect(goesOn(second, 2.1, 1)).toBe(false);
    const between = happen(second, 2, begun(), { kind: 'held-back', n: 1, i: 0, why: 'paused' });
    expect(goesOn(waits(between, 2.5), 2.8)).toBe(false);
  });

  test('an Alertmanager that does not answer takes back nothing that Kintsugi itself knows', () => {
    const known = happen(asking(), 2, ...silenced);
    const unread = [{ source: 'alertmanager' as const, why: 'away' }];
    expect(silenceEvents(known, { silence: null, unread, voice: null })[1]).toMatchObject({ kind: 'silence-ended' });
    const others = happen(asking(), 2, read, { kind: 'silenced', ...silence, source: 'alertmanager' });
    expect(silenceEvents(others, { silence: null, unread, voice: null })).toHaveLength(1);
  });
});

describe('the annotation of the target votes in the mode', () => {
  const voice = { mode: 'observe' as const, source: 'kintsugi.dev/mode of bruno/deployment/agent-bruno' };

  test('the most cautious voice wins, and is told with who says it', () => {
    const said = happen(asking(), 1, { kind: 'silences-read', unread: [], voice });
    expect(effectiveMode(said)).toBe('observe');
    expect(modeReason(said)).toBe(voice.source);
    const mild = happen(asking({ mode: 'approve' }), 1, {
      ...read,
      voice: { ...voice, mode: 'auto' as const },
    });
    expect(effectiveMode(mild)).toBe('approve');
    expect(modeReason(mild)).toBe('the worker');
  });

  test('what was read once stays until it is read otherwise', () => {
    const said = happen(asking(), 1, { kind: 'silences-read', unread: [], voice });
    const unread = [{ source: 'annotation' as const, why: 'away' }];
    const away = silenceEvents(said, { silence: null, unread, voice: null });
    expect(effectiveMode(happen(said, 2, ...away))).toBe('observe');
    expect(effectiveMode(happen(said, 2, read))).toBe('auto');
  });

  test('observe in mid-remedy stops the next write; what it has begun is taken back at the deadline', () => {
    const under = happen(asking(), 1, ...diagnosed(), planned(1, 'raise-memory', twoWrites()), begun(), applied());
    const begunNext = happen(under, 2, begun(1));
    const held = heldBackEvents(begunNext, { n: 1, i: 1 }, { outcome: 'held-back', why: 'it says observe', voice });
    const stopped = happen(begunNext, 2, ...held);
    expect(decided(stopped).decision.target).toBeNull();
    expect(decidedAt(stopped, 2.5).decision.people).toEqual({ name: 'read-silences' });
    const late = decided(hear(stopped, 15, { ...read, voice }));
    expect(late.decision.target?.name).toBe('assess');
    expect(decided(happen(late.record, 15, assessed(false))).decision.target?.name).toBe('undo');
  });

  test('what a person ordered and is stopped in its middle is not left half done at the deadline either', () => {
    const begin = happen(asking(), 1, ...diagnosed(), given('rollback', { revision: 2 }));
    const plan: EventBody = {
      ...planned(1, 'rollback to revision 2', twoWrites()),
      findingKey: 'order|rollback-ana',
    } as EventBody;
    const stopped = happen(begin, 2, plan, begun(), applied(), { ...read, voice });
    expect(decided(stopped).record.attempts[0]?.ordered).toBeDefined();
    expect(decided(stopped).decision.target).toBeNull();
    expect(decidedAt(stopped, 15).decision.target?.name).toBe('assess');
  });

  test('what a person ordered of a target that is well again, and is stopped in its middle, asks on and ends too', () => {
    const well = happen(
      decided(happen(asking(), 1, read, ...diagnosed(), watched(true))).record,
      2,
      given('rollback', { revision: 2 }),
    );
    expect(well.recovered?.by).toBe('itself');
    const plan: EventBody = {
      ...planned(1, 'rollback to revision 2', twoWrites()),
      findingKey: 'order|rollback-ana',
    } as EventBody;
    const stopped = happen(well, 3, plan, begun(), applied(), { ...read, voice });
    expect(decidedAt(stopped, 3.3).decision.people).toEqual({ name: 'read-silences' });
    const looked = happen(hear(stopped, 14, { ...read, voice }), 14.8, watched(true));
    expect(decided(looked).decision.target).toBeNull();
    expect(decidedAt(looked, 15).decision.target?.name).toBe('assess');
  });

  test('approve in mid-remedy asks before the next write', () => {
    const under = happen(asking(), 1, ...diagnosed(), planned(1, 'raise-memory', twoWrites()), begun(), applied());
    const approve = { ...voice, mode: 'approve' as const };
    const begunNext = happen(under, 2, begun(1));
    const held = heldBackEvents(begunNext, { n: 1, i: 1 }, { outcome: 'held-back', why: 'approve', voice: approve });
    const asks = happen(begunNext, 2, read, ...held);
    const now = decided({ ...asks, modeVoice: approve });
    expect(now.record.attempts[0]).toMatchObject({ stage: 'asked', approval: { why: 'the mode is approve' } });
    const goesOn = decided(happen(now.record, 3, ordered('approve')));
    expect(goesOn.decision.target).toMatchObject({ name: 'apply', i: 1 });
  });

  test('a target that a remedy mended, and that people then set to observe, has recovered by the remedy', () => {
    const mended = happen(asking(), 1, ...diagnosed(), planned(), begun(), applied(), begun(1), applied(1));
    const well = decided(happen(mended, 2, verified('pass'), { kind: 'released' })).record;
    const alertOver: EventBody = {
      kind: 'alert-received',
      fingerprint: 'f1',
      name: 'A',
      status: 'resolved',
      startsAt: at(0),
      role: 'trigger',
      labels: {},
    };
    const settled = decidedAt(happen({ ...well, modeVoice: voice }, 3, alertOver), 40);
    expect(settled.record.closed?.outcome).toBe('recovered');
  });

  test('a recovery that a person started does not end as observed, to leave behind what it has written before', () => {
    const undone = happen(
      { ...asking(), startedBy: 'person' },
      1,
      ...diagnosed(),
      planned(),
      begun(),
      applied(),
      begun(1),
      applied(1),
      verified('fail'),
      ...undoFinished(0, 'refused'),
      { kind: 'released' },
    );
    const said = happen(undone, 2, { ...read, voice }, ...diagnosed(2));
    expect(decided(said).record.closed).toBeNull();
    const untouched = happen({ ...asking(), startedBy: 'person' }, 2, { ...read, voice }, ...diagnosed(), planned());
    expect(decided(untouched).record.closed?.outcome).toBe('observed');
  });

  test('a target in observe that people mended by their own hands has its points after the recovery looked at', () => {
    const runbook = withPostRecovery(smallRunbook());
    const said = happen(asking({ runbook }), 1, ...diagnosed(), { ...read, voice }, given('takeOver'));
    const well = decided(happen(said, 3, watched(true))).record;
    expect(well.recovered?.by).toBe('person');
    expect(decidedAt(happen(well, 9, watched(true)), 9.1).decision.target).toEqual({ name: 'post-recovery' });
  });
});

function twoWrites() {
  const [first, second] = [planned(), planned()].flatMap((event) => (event.kind === 'planned' ? [event.plans[0]] : []));
  if (first === undefined || second === undefined) throw new Error('a plan is missing');
  return [first, { ...second, summary: 'raise it again' }];
}

test('a run that began before it was asked is neither silenced nor asks', () => {
  const before = started({ runbook: smallRunbook() });
  expect(before.silences).toBeUndefined();
  expect(kinds(decidedAt(before, 15).facts)).toEqual(['deadline-passed', 'rung-due']);
});
