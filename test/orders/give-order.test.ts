import { describe, expect, test } from '@jest/globals';
import { orderFault } from '../../src/recovery/order-arguments.ts';

describe('before an order is sent', () => {
  test.each<[Parameters<typeof orderFault>[0], Parameters<typeof orderFault>[1], RegExp]>([
    ['undo', { actor: ' ' }, /"actor"/],
    ['undo', { actor: '\u200B' }, /"actor"/],
    ['extend', { actor: 'ana', by: '99m', reason: 'r' }, /at most 15m/],
    ['extend', { actor: 'ana', by: '3h' }, /at most 15m/],
    ['retry', { actor: 'ana' }, /"remedy"/],
    ['note', { actor: 'ana' }, /"text"/],
    ['undo', { actor: 'ana', reason: 'x'.repeat(9_000) }, /8192 bytes/],
  ])('%s with %j is told its fault and what is right', (order, message, fault) => {
    expect(orderFault(order, message)).toMatch(fault);
  });

  test('one without fault is told none', () => {
    expect(orderFault('extend', { actor: 'ana', by: '10m', reason: 'on it' })).toBeNull();
  });
});
