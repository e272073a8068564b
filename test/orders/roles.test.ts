import { expect, test } from '@jest/globals';
import { leastRole, mayAsk, type Request, requestOf, roles } from '../../src/orders/roles.ts';
import { personsOrders } from '../../src/recovery/orders.ts';

/** Who may what: written out here once more, so that a change of it is seen. */
const LEAST: Record<Request, (typeof roles)[number]> = {
  read: 'viewer',
  start: 'operator',
  silence: 'operator',
  procedure: 'admin',
  approve: 'approver',
  reject: 'operator',
  acknowledge: 'operator',
  takeOver: 'operator',
  handBack: 'operator',
  retry: 'approver',
  extend: 'operator',
  note: 'operator',
  undo: 'operator',
  rollback: 'approver',
  run: 'approver',
  close: 'operator',
};

test.each(Object.entries(LEAST))('%s takes the role %s or one above it', (request, least) => {
  const may = roles.filter((role) => mayAsk(role, request as Request));
  expect(may).toEqual(roles.slice(roles.indexOf(least)));
  expect(leastRole(request as Request)).toBe(least);
});

test('every order has its role, and a procedure is another thing than one action', () => {
  expect(Object.keys(LEAST).sort()).toEqual(['read', 'start', 'procedure', 'silence', ...personsOrders].sort());
  expect(requestOf('run', { runbook: 'kosmos-agent-reset' })).toBe('procedure');
  expect(requestOf('run', {})).toBe('run');
});
