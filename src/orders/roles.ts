import type { PersonsOrder } from '../recovery/orders.ts';

export type { PersonsOrder } from '../recovery/orders.ts';

/** Who may do what at the front door, each role also what those before it may. */
export const roles = ['viewer', 'operator', 'approver', 'admin'] as const;
export type Role = (typeof roles)[number];

/**
 * The least role for each order. What makes Kintsugi write on a target because of that order alone is its own approval, so it
 * takes an approver; what only stops, puts back or tells does not.
 */
const LEAST: Readonly<Record<PersonsOrder, Role>> = {
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

/** What the front door is asked for: to show, to start a recovery or a procedure, to set or end a silence, or to give an order. */
export type Request = 'read' | 'start' | 'procedure' | 'silence' | PersonsOrder;

/** The least role that may: a procedure may stop, reset or restore a workload, whatever its state. */
export function leastRole(request: Request): Role {
  if (request === 'read') return 'viewer';
  if (request === 'start' || request === 'silence') return 'operator';
  return request === 'procedure' ? 'admin' : LEAST[request];
}

/** Whether somebody with this role may. */
export function mayAsk(role: Role, request: Request): boolean {
  return roles.indexOf(role) >= roles.indexOf(leastRole(request));
}

/** What an order asks for: one of a runbook's procedure is no order of one action. */
export function requestOf(order: PersonsOrder, { runbook }: { runbook?: string }): Request {
  return order === 'run' && runbook !== undefined ? 'procedure' : order;
}
