import type { RecoveryEvent } from './events.ts';
import { formatTarget } from './ids.ts';
import type { RecoveryRecord } from './record.ts';
import type { OrderProof, SignedOrder } from './signed-order.ts';
import type { Mode, Params } from './values.ts';

/**
 * A start that the front door vouches for: signed like an order, and judged once the runbook's loading has brought the keys. It
 * has no recovery id yet, so it is bound to the workflow id and to a time.
 */

/** What is signed of a start. */
export interface SignedStart {
  workflowId: string;
  runbook: string;
  /** `namespace/kind/name` */
  target: string;
  actor: string;
  mode?: Mode;
  reason?: string;
  deadline?: string;
  procedure?: string;
  params?: Params;
}

/** A start as what its signature is of. No order that a person gives has its name, so neither's signature is one of the other. */
export function startToSign({ workflowId, actor, ...args }: SignedStart): Omit<SignedOrder, 'at'> {
  return { id: workflowId, recoveryId: workflowId, order: 'start', actor, args: { ...args } };
}

/** A start whose signature is not judged yet. */
export interface UnjudgedStart {
  order: Omit<SignedOrder, 'at'>;
  proof: OrderProof;
}

/** Whether it is verified who started the recovery; `doubt`: why a signature that came with the start proves nothing. */
export interface JudgedStart {
  verified: boolean;
  doubt?: string;
}

/** The part of the fold that is about who started it. */
export function foldSignedStart(record: RecoveryRecord, event: RecoveryEvent): RecoveryRecord {
  if (event.kind === 'opened') return foldOpened(record, event);
  if (event.kind !== 'start-judged') return record;
  const { unjudgedStart: _, ...rest } = record;
  const { verified, doubt } = event;
  return { ...rest, judgedStart: { verified, ...(doubt === undefined ? {} : { doubt }) } };
}

function foldOpened(record: RecoveryRecord, event: RecoveryEvent & { kind: 'opened' }): RecoveryRecord {
  const { signed, actor, target, workflowId, runbookName, mode, reason, deadline, deadlineGiven, procedure, params } =
    event;
  if (signed === undefined || actor === undefined || target === null) return record;
  const order = startToSign({
    workflowId,
    runbook: runbookName,
    target: formatTarget(target),
    actor,
    ...(mode === undefined ? {} : { mode }),
    ...(reason === undefined ? {} : { reason }),
    ...(deadlineGiven ? { deadline } : {}),
    ...(procedure === undefined ? {} : { procedure }),
    ...(params === undefined ? {} : { params }),
  });
  return { ...record, unjudgedStart: { order, proof: signed } };
}
