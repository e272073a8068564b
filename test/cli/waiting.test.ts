import { describe, expect, test } from '@jest/globals';
import { waitingLines } from '../../src/cli/waiting.ts';
import type { EventBody } from '../../src/recovery/events.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { noSilences } from '../../src/recovery/silences.ts';
import {
  alert,
  applied,
  at,
  begun,
  decided,
  diagnosed,
  given,
  happen,
  paged,
  planned,
  started,
  verified,
} from '../recovery/story.ts';

const TARGET = 'bruno/deployment/agent-bruno';
const silenced: EventBody[] = [
  { kind: 'silences-read', unread: [], voice: null },
  { kind: 'silenced', id: 's1', source: 'kintsugi', by: 'ana', why: 'node upgrade', since: at(1), until: at(30) },
];
const asking = (options: Parameters<typeof started>[0] = {}): RecoveryRecord => ({
  ...started(options),
  silences: noSilences,
});
const lines = (record: RecoveryRecord, minutes: number): string[] => waitingLines(record, at(minutes));

describe('what a recovery waits for', () => {
  test('begins with the phase, the step and the time until a person is paged', () => {
    const record = happen(started(), 1, { kind: 'step-started', lane: 'target', step: 'diagnose' });
    expect(lines(record, 5)).toEqual(['diagnosing, diagnose, 10 min until a person is paged']);
  });

  test('names the silence, how long it lasts and how it is ended, and the page that it holds', () => {
    const record = happen(asking(), 1, ...diagnosed(), planned(), ...silenced);
    expect(lines(record, 5)).toContain(
      'silenced by ana (node upgrade) for 25 min more; end it by kintsugi silence end s1',
    );
    const held = decided(happen(record, 15, { kind: 'tick' })).record;
    expect(lines(held, 16)[0]).toMatch(/the deadline has come, the page is held$/);
  });

  test('names the end of a silence of Alertmanager, where it is ended', () => {
    const [read, silence] = silenced as [EventBody, EventBody & { kind: 'silenced' }];
    const record = happen(asking(), 1, ...diagnosed(), read, { ...silence, source: 'alertmanager' });
    expect(lines(record, 5)).toContain('silenced by ana (node upgrade) for 25 min more, in Alertmanager');
  });

  test('names an approval with the command that gives it to exactly this plan', () => {
    const record = decided(happen(started({ mode: 'approve' }), 1, ...diagnosed(), planned())).record;
    const command = `kintsugi approve ${record.recoveryId} --attempt 1 --digest digest-1 --actor YOU`;
    expect(lines(record, 5)).toContain(`raise-memory waits for approval, 6 min left: ${command}`);
  });

  test('says why a remedy is not begun: who brings the mode down, or what holds it back', () => {
    const observed = happen(started({ mode: 'observe' }), 1, ...diagnosed(), planned());
    expect(lines(observed, 2)).toContain('raise-memory is not begun: the mode is observe (the worker)');
    const held: EventBody = { kind: 'held-back', n: 1, i: 0, why: 'paused by bo' };
    const back = happen(started(), 1, ...diagnosed(), planned(), begun(), held);
    expect(lines(back, 2)).toContain('raise-memory is held back: paused by bo');
  });

  test('says who took a page and who has it in hand', () => {
    const open = happen(decided(happen(started(), 15, { kind: 'tick' })).record, 15, ...paged);
    expect(lines(open, 16)[0]).toMatch(/people were paged 1 min ago \(03:15:00Z\)$/);
    expect(lines(open, 16)[1]).toBe(`webhook took the page, and nobody has acknowledged it: kintsugi ack ${TARGET}`);
    expect(lines(happen(open, 17, given('acknowledge')), 18)[1]).toBe('acknowledged by ana 1 min ago (03:17:00Z)');
    const taken = happen(open, 17, given('takeOver'));
    expect(lines(taken, 18)).toContain(
      `taken over by ana 1 min ago (03:17:00Z): automation writes nothing until kintsugi hand-back ${TARGET}`,
    );
  });

  test('says how long it settles, and which alert must no longer fire', () => {
    const begunRemedy = happen(started(), 1, ...diagnosed(), planned(), begun(), applied(), begun(1), applied(1));
    const { record } = decided(happen(begunRemedy, 2, verified('pass')));
    expect(lines(record, 12)).toContain(
      'stays open for 20 min more, and until AgentBrunoPodCrashLooping no longer fires: a relapse is the same recovery, and undo is still possible',
    );
    const over = happen(record, 3, alert({ status: 'resolved' }));
    expect(lines(over, 12)[1]).toMatch(/^stays open for 20 min more: a relapse/);
  });

  test('is nothing any more where it is closed', () => {
    expect(lines(happen(started(), 1, { kind: 'closed', outcome: 'closed', standing: [] }), 2)).toEqual([
      'closed: closed',
    ]);
  });
});
