import type { Attempt, Requested } from './attempt.ts';
import type { RecoveryEvent } from './events.ts';
import type { RecoveryRecord } from './record.ts';
import type { NextProcedure } from './started-procedure.ts';
import type { Json, OrderedCall, Params, Plan } from './values.ts';

/** What people order to be done on the target (`run`, `rollback`): from the order to an attempt of its own. */

/** How long the target is waited for after an ordered action that changes it, as the runbooks' remedies have it. */
const WAIT_READY: OrderedCall = { action: 'wait-ready', params: { timeout: '180s' } };

/** The finding key of an ordered attempt: no finding of a diagnosis has it, so automation counts it as no try of its own. */
export function orderKey(id: string): string {
  return `order|${id}`;
}

/** The accepted order as something that is to be planned. */
export function requested(event: RecoveryEvent & { kind: 'order' }): Requested {
  const { id, actor: by, verified, at, args } = event;
  const who = { id, by, verified, at };
  if (event.name === 'rollback') {
    const to = typeof args.revision === 'number' ? args.revision : 'last-healthy';
    const what = to === 'last-healthy' ? 'rollback' : `rollback to revision ${to}`;
    return { ...who, what, calls: [{ action: 'rollout-undo', params: { to } }, WAIT_READY] };
  }
  const action = typeof args.action === 'string' ? args.action : '';
  return { ...who, what: action, calls: [{ action, params: parametersOf(args.params) }, WAIT_READY] };
}

/** The procedure of a runbook that an accepted `run` orders; null where it orders an action. */
export function nextProcedure(event: RecoveryEvent & { kind: 'order' }): NextProcedure | null {
  const { id, actor: by, verified, at, args } = event;
  if (event.name !== 'run' || typeof args.runbook !== 'string') return null;
  return {
    ...{ id, by, verified, at, runbook: args.runbook },
    ...(typeof args.procedure === 'string' ? { procedure: args.procedure } : {}),
    ...(args.params === undefined ? {} : { params: parametersOf(args.params) }),
  };
}

function parametersOf(params: Json | undefined): Params {
  return typeof params === 'object' && params !== null && !Array.isArray(params) ? params : {};
}

/** The order that an attempt comes from; what was ordered is no longer waited for once it is planned, or refused. */
export function requestOf(record: RecoveryRecord, findingKey: string): Requested | undefined {
  return record.requests.find(({ id }) => orderKey(id) === findingKey);
}

/** What somebody ordered and is neither done nor given up: waiting to be planned, or an attempt under way. */
export function orderUnderWay(record: RecoveryRecord, active: Attempt | null): { what: string; by: string } | null {
  const [waiting] = record.requests;
  if (waiting !== undefined) return waiting;
  if (record.next !== undefined) return { what: record.next.procedure ?? record.next.runbook, by: record.next.by };
  if (active?.stage === 'undoing' && active.undoOrderedBy !== undefined)
    return { what: `undoing ${active.remedy}`, by: active.undoOrderedBy };
  if (active === null || (active.ordered === undefined && !occupiesTarget(active))) return null;
  return { what: active.remedy, by: active.ordered?.by ?? active.approval?.by.join(', ') ?? 'the runbook' };
}

const CHANGES_TARGET: ReadonlySet<string> = new Set(['field', 'delete', 'exec']);

/** Whether plans change the workload itself; a pod beside it does not, nor does waiting. */
export function changesTarget(plans: readonly Plan[]): boolean {
  return plans.some(({ changes }) => changes.some(({ type }) => CHANGES_TARGET.has(type)));
}

/** Whether plans make something that stands for a time and is then taken back: a debug session. */
export function isSession(plans: readonly Plan[]): boolean {
  return plans.some(({ standsSeconds }) => standsSeconds !== undefined);
}

/** Whether an attempt's session keeps the target from everything else: in place of the workload, and not beside it. */
export function occupiesTarget({ stage, plans }: Attempt): boolean {
  return stage === 'standing' && changesTarget(plans);
}
