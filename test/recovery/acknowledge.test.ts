import { describe, expect, test } from '@jest/globals';
import type { EventBody } from '../../src/recovery/events.ts';
import { openPage } from '../../src/recovery/fold-pages.ts';
import { type Order, possibleOrders, refusalOf } from '../../src/recovery/orders.ts';
import { pageOf } from '../../src/recovery/page.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { finding } from './samples.ts';
import { alert, at, decidedAt, diagnosed, happen, paged, started, watched } from './story.ts';

const unknown = { ...finding, cause: 'unknown', key: 'unknown||' };

/** Nothing is left to try: the page is due, and at minute 2 it was taken. */
const due = decidedAt(happen(started(), 1, ...diagnosed(1, unknown)), 1).record;
const taken = happen(due, 2, ...paged);

function order(changes: Partial<Order> = {}): Order {
  return {
    id: 'a1',
    recoveryId: due.recoveryId,
    name: 'acknowledge',
    actor: 'ana',
    verified: false,
    args: {},
    ...changes,
  };
}

function acknowledged(record: RecoveryRecord, minutes: number, changes: Partial<Order> = {}): RecoveryRecord {
  const { recoveryId: _recoveryId, ...given } = order(changes);
  const event: EventBody = { kind: 'order', ...given, accepted: true };
  return happen(record, minutes, event);
}

describe('the order acknowledge', () => {
  test('is taken from the moment the page is due, before anybody has taken it, until it is resolved', () => {
    expect(refusalOf(started(), order())).toMatch(/nobody is paged yet: the deadline is 2026-01-31T03:15/);
    expect(refusalOf(due, order())).toBeNull();
    expect(refusalOf(taken, order())).toBeNull();
    expect(possibleOrders(taken)).toContain('acknowledge');
    const resolved = happen(taken, 3, { kind: 'page-resolved', notifier: 'webhook', reason: 'healthy again' });
    expect(refusalOf(resolved, order())).toMatch(/the page is over: healthy again/);
  });

  test('stands on the page with who and when, and whether that is verified', () => {
    const record = acknowledged(taken, 4, { actor: ' ana ' });
    expect(openPage(record)?.acknowledged).toEqual({ by: 'ana', at: at(4), verified: false });
    expect(pageOf(record, 'k').acknowledged).toEqual({ by: 'ana', at: at(4), verified: false });
  });

  test('by the same person again changes nothing; another one has the page from then on', () => {
    const once = acknowledged(taken, 4);
    expect(openPage(acknowledged(once, 6, { id: 'a2', actor: 'Ana' }))?.acknowledged?.at).toBe(at(4));
    expect(openPage(acknowledged(once, 6, { id: 'a2', actor: 'bo' }))?.acknowledged).toMatchObject({
      by: 'bo',
      at: at(6),
    });
  });

  test("does not outlive its page: that of a relapse is nobody's", () => {
    const over = happen(
      acknowledged(taken, 4),
      10,
      { kind: 'step-started', lane: 'target', step: 'look' },
      watched(true),
      { kind: 'recovered', by: 'itself' },
      { kind: 'page-resolved', notifier: 'webhook', reason: 'healthy' },
    );
    const broken = decidedAt(happen(over, 14, alert({ startsAt: at(13) }), watched(false)), 14).record;
    const again = decidedAt(broken, 40);
    expect(again.record.pages).toHaveLength(2);
    expect(openPage(again.record)?.acknowledged).toBeUndefined();
  });
});
