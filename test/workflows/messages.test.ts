import { describe, expect, test } from '@jest/globals';
import type { EventBody } from '../../src/recovery/events.ts';
import { fold, nextEvent } from '../../src/recovery/fold.ts';
import { emptyRecord, type RecoveryRecord } from '../../src/recovery/record.ts';
import { alertEvents, orderEvents, parseOrder, refusedOrder } from '../../src/workflows/messages.ts';

const NOW = '2026-01-31T03:05:00.000Z';
const episode = { ...emptyRecord.episode, brokenSince: NOW, deadline: '2026-01-31T03:20:00.000Z' };
const record: RecoveryRecord = { ...emptyRecord, recoveryId: 'r@12345678', runbookName: 'crash-loop', episode };

function alert(changes: object = {}): object {
  const startsAt = '2026-01-31T03:00:00.000Z';
  return {
    fingerprint: 'f',
    name: 'CrashLooping',
    status: 'firing',
    startsAt,
    role: 'trigger',
    labels: {},
    ...changes,
  };
}

function message(changes: object = {}): object {
  return { v: 1, runbook: 'crash-loop', digest: 'd', after: '15m', alerts: [alert()], ...changes };
}

function appended(before: RecoveryRecord, bodies: EventBody[]): RecoveryRecord {
  return bodies.reduce((sum, body) => fold(sum, nextEvent(sum, body, NOW)), before);
}

/** A message whose JSON has exactly so many bytes. */
function ofBytes(bytes: number, sign = 'x'): object {
  const filled = (text: string) => message({ alerts: [alert({ labels: { note: text } })] });
  const room = bytes - Buffer.byteLength(JSON.stringify(filled('')));
  const wide = Buffer.byteLength(sign);
  return filled(sign.repeat(Math.floor(room / wide)) + 'x'.repeat(room % wide));
}

describe('a message', () => {
  test.each([undefined, null, 'text', 7, [], {}, { alerts: 'none' }, { alerts: [null] }, { alerts: [{}] }])(
    'that is no alert message (%j) is refused and wedges nothing',
    (raw) => {
      expect(alertEvents(record, raw, NOW)).toEqual([{ kind: 'message-refused', why: expect.any(String) }]);
    },
  );

  test('that did not decode is refused with the reason', () => {
    expect(alertEvents(record, { malformed: 'no JSON' }, NOW)).toEqual([
      { kind: 'message-refused', why: expect.stringContaining('no JSON') },
    ]);
  });

  test.each(['x', 'é', '😀'])('of 8 KiB is taken, of one byte more is refused, counted in bytes (%s)', (sign) => {
    expect(alertEvents(record, ofBytes(8192, sign), NOW)).toMatchObject([{ kind: 'alert-received' }]);
    expect(alertEvents(record, ofBytes(8193, sign), NOW)).toEqual([
      { kind: 'message-refused', why: expect.stringContaining('8192 bytes') },
    ]);
  });

  test('with an order of 8 KiB is taken, of one byte more is refused', () => {
    const order = (reason: string) => ({ id: '1', recoveryId: 'r@12345678', actor: 'ana', reason });
    const room = 8192 - Buffer.byteLength(JSON.stringify(order('')));
    expect(parseOrder('close', order('x'.repeat(room)))).toHaveProperty('value');
    expect(parseOrder('close', order('x'.repeat(room + 1)))).toHaveProperty('fault');
  });
});

describe('alerts', () => {
  test('that repeat are counted; resolved before firing, and of an older episode, say nothing', () => {
    const once = appended(record, alertEvents(record, message(), NOW));
    expect(alertEvents(once, message(), NOW)).toEqual([{ kind: 'alert-repeated', fingerprint: 'f', count: 2 }]);
    expect(alertEvents(record, message({ alerts: [alert({ status: 'resolved' })] }), NOW)).toEqual([]);
    const older = alert({ status: 'resolved', startsAt: '2026-01-30T03:00:00.000Z' });
    expect(alertEvents(once, message({ alerts: [older] }), NOW)).toEqual([]);
  });

  test('are judged by those before them in the same message', () => {
    const resolved = alert({ status: 'resolved' });
    expect(alertEvents(record, message({ alerts: [alert(), alert(), alert(), resolved] }), NOW)).toMatchObject([
      { kind: 'alert-received', status: 'firing' },
      { kind: 'alert-repeated', count: 2 },
      { kind: 'alert-repeated', count: 3 },
      { kind: 'alert-received', status: 'resolved' },
    ]);
  });

  test('without a time, or with one that lies ahead, count from their arrival', () => {
    for (const startsAt of [undefined, 'soon', '2026-01-31T04:00:00.000Z'])
      expect(alertEvents(record, message({ alerts: [alert({ startsAt })] }), NOW)).toMatchObject([{ startsAt: NOW }]);
  });

  test('of another runbook are marked as such, and one alert may be of both', () => {
    const once = appended(record, alertEvents(record, message(), NOW));
    const other = alertEvents(once, message({ runbook: 'high-memory', after: '5m' }), NOW);
    expect(other).toMatchObject([{ kind: 'alert-received', runbook: 'high-memory', after: '5m' }]);
    expect(alertEvents(appended(once, other), message({ runbook: 'high-memory' }), NOW)).toMatchObject([
      { kind: 'alert-repeated', runbook: 'high-memory', count: 2 },
    ]);
  });

  test('with a first rung that is no duration do not arm a deadline by it', () => {
    for (const rung of ['', 'soon', '0', 'm', '99999999999999h'])
      expect(alertEvents(record, message({ after: rung }), NOW)).not.toMatchObject([{ after: expect.anything() }]);
  });
});

const ESC = String.fromCharCode(27);

describe('what people say', () => {
  const from = { id: '1', recoveryId: 'r@12345678' };

  test('drives no terminal and is no line of its own in a name', () => {
    const text = `ok\n  03:10:00Z  order approve by bo is taken${ESC}[2J`;
    expect(
      parseOrder('note', { ...from, actor: `ana\n03:10:00Z ${ESC}[31mbo`, text, reason: 'a\u202Eb' }),
    ).toMatchObject({
      value: {
        actor: 'ana 03:10:00Z \uFFFD[31mbo',
        args: { text: 'ok\n  03:10:00Z  order approve by bo is taken\uFFFD[2J', reason: 'a\uFFFDb' },
      },
    });
  });

  test('without a name that can be read is no order', () => {
    for (const actor of [' ', '\n', '\u200B'])
      expect(parseOrder('note', { ...from, actor, text: 'x' })).toEqual({ fault: 'missing in the order: actor' });
  });

  test('is left as it is where it is a value for a parameter', () => {
    const params = { claim: `a${ESC}b` };
    expect(parseOrder('run', { ...from, actor: 'ana', runbook: 'r', params })).toMatchObject({
      value: { args: { params } },
    });
  });
});

describe('an order that is refused as a message', () => {
  test('has its name, actor and id beside the fault, as far as they can be read', () => {
    const raw = { name: 'retry', id: 'o1', recoveryId: 'r@12345678', actor: 'an\na' };
    expect(refusedOrder('"remedy" is missing', raw)).toEqual({
      kind: 'message-refused',
      why: '"remedy" is missing',
      order: { name: 'retry', id: 'o1', actor: 'an a' },
    });
    expect(refusedOrder('why', { name: 7, actor: '' })).toEqual({ kind: 'message-refused', why: 'why' });
    expect(refusedOrder('why', null)).toEqual({ kind: 'message-refused', why: 'why' });
    expect(refusedOrder('why', { id: 'x'.repeat(1000) }).order?.id).toHaveLength(200);
  });

  test('whose name is no text wedges nothing', () => {
    for (const name of [{ toString: 1, valueOf: 1 }, ['undo'], null, undefined])
      expect(parseOrder(name, {})).toEqual({ fault: expect.stringContaining('known: approve') });
  });
});

describe('orders', () => {
  test('straight through Temporal count as unverified, whatever they say', () => {
    const raw = { id: '1', recoveryId: 'r@12345678', actor: 'ana', verified: true };
    expect(parseOrder('close', raw)).toMatchObject({ value: { verified: false, actor: 'ana' } });
  });

  test('are done once, by their id', () => {
    const parsed = parseOrder('close', { id: '1', recoveryId: 'r@12345678', actor: 'ana' });
    const order = 'value' in parsed ? parsed.value : null;
    if (order === null) throw new Error('the order was not parsed');
    const once = orderEvents(record, order);
    expect(once).toMatchObject([{ kind: 'order', accepted: true }]);
    expect(orderEvents(appended(record, once), order)).toEqual([]);
  });

  test('of another recovery of the same target are refused and recorded', () => {
    const parsed = parseOrder('close', { id: '1', recoveryId: 'r@87654321', actor: 'ana' });
    if (!('value' in parsed)) throw new Error('the order was not parsed');
    expect(orderEvents(record, parsed.value)).toMatchObject([
      { accepted: false, reason: expect.stringContaining('r@') },
    ]);
  });

  test.each([
    ['rollback', { revision: 0 }, '"revision" must be the number of a revision'],
    ['rollback', { revision: '2' }, '"revision" must be the number of a revision'],
    ['run', {}, 'run takes {action, params}'],
    ['run', { action: 7 }, 'run takes {action, params}'],
    ['run', { action: 'debug-session', params: [] }, '"params" must be an object'],
  ])('%s with %j are refused with what they take', (name, args, fault) => {
    const raw = { id: '1', recoveryId: 'r@12345678', actor: 'ana', ...args };
    expect(parseOrder(name, raw)).toEqual({ fault: expect.stringContaining(fault) });
  });

  test('to go back or to run one action keep their arguments', () => {
    const raw = { id: '1', recoveryId: 'r@12345678', actor: 'ana' };
    expect(parseOrder('rollback', { ...raw, revision: 2 })).toMatchObject({ value: { args: { revision: 2 } } });
    const run = { ...raw, action: 'debug-session', params: { mode: 'copy' } };
    expect(parseOrder('run', run)).toMatchObject({
      value: { args: { action: 'debug-session', params: { mode: 'copy' } } },
    });
  });
});
