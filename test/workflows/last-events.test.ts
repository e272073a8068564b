import { expect, test } from '@jest/globals';
import type { RecoveryEvent } from '../../src/recovery/events.ts';
import { lastEvents, remember } from '../../src/workflows/last-events.ts';

function events(count: number, bytes: number): RecoveryEvent[] {
  const at = '2026-01-31T03:00:00.000Z';
  return Array.from({ length: count }, (_, index) => ({
    v: 1 as const,
    seq: index + 1,
    at,
    kind: 'message-refused' as const,
    why: 'é'.repeat(bytes / 2),
  }));
}

test('the query answers with the last 200 events', () => {
  expect(lastEvents(events(201, 10)).map(({ seq }) => seq)).toEqual(Array.from({ length: 200 }, (_, i) => i + 2));
  expect(lastEvents([])).toEqual([]);
});

test('and with fewer where they would make more than 1 MiB, the newest first to be kept', () => {
  const kept = lastEvents(events(200, 32 * 1024));
  expect(Buffer.byteLength(JSON.stringify(kept))).toBeLessThanOrEqual(1024 * 1024 + 200);
  expect(kept.at(-1)?.seq).toBe(200);
  expect(kept.length).toBeGreaterThan(25);
});

test('a thousand repeats of an alert, and ticks in a row, leave one of each and push nothing else out', () => {
  const at = '2026-01-31T03:00:00.000Z';
  const [refused] = events(1, 10);
  let kept = refused === undefined ? [] : [refused];
  for (let seq = 2; seq < 1002; seq += 1) {
    kept = remember(kept, {
      v: 1,
      seq,
      at,
      kind: 'alert-repeated',
      fingerprint: seq % 2 === 0 ? 'a' : 'b',
      count: seq,
    });
  }
  kept = remember(remember(kept, { v: 1, seq: 1002, at, kind: 'tick' }), { v: 1, seq: 1003, at, kind: 'tick' });
  expect(kept.map(({ kind, seq }) => [kind, seq])).toEqual([
    ['message-refused', 1],
    ['alert-repeated', 1000],
    ['alert-repeated', 1001],
    ['tick', 1003],
  ]);
});
