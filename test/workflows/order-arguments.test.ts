import { expect, test } from '@jest/globals';
import { parseOrder } from '../../src/workflows/messages.ts';

const from = { id: 'o1', recoveryId: 'recovery/default/bruno/deployment/agent-bruno@12345678', actor: 'ana' };

function faultOf(name: string, args: Record<string, unknown>): string | null {
  const parsed = parseOrder(name, { ...from, ...args });
  return 'fault' in parsed ? parsed.fault : null;
}

test.each<[string, Record<string, unknown>, RegExp]>([
  ['retry', {}, /"remedy".*"cause"/],
  ['retry', { remedy: '' }, /"remedy"/],
  ['extend', { by: '20m', reason: 'on it' }, /at most 15m/],
  ['extend', { by: '0m', reason: 'on it' }, /at most 15m/],
  ['extend', { by: 10, reason: 'on it' }, /at most 15m/],
  ['extend', { by: '10m' }, /"reason"/],
  ['note', { text: ' ' }, /"text"/],
  ['note', { text: 'x'.repeat(2001) }, /2000 characters/],
  ['close', { outcome: 'recovered' }, /"outcome" must be one of recovered-by-person, handed-over, closed/],
  ['takeover', {}, /unknown order "takeover"; known: approve, reject, .*takeOver/],
  ['cancel', {}, /unknown order/],
])('%s with %j is no order, and is told what would be', (name, args, fault) => {
  expect(faultOf(name, args)).toMatch(fault);
});

test.each<[string, Record<string, unknown>]>([
  ['takeOver', { reason: 'I know this one' }],
  ['handBack', {}],
  ['retry', { remedy: 'raise-memory' }],
  ['retry', { cause: 'oom-killed' }],
  ['extend', { by: '15m', reason: 'on it' }],
  ['note', { text: 'Redis was moved today' }],
  ['close', { outcome: 'handed-over', rootCause: 'a leak' }],
])('%s with %j is an order', (name, args) => {
  expect(faultOf(name, args)).toBeNull();
});
