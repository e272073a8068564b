import type { ActionOutcome, UndoOutcome } from './events.ts';
import type { Retry } from './steering.ts';
import type { CheckResult, Measure, OrderedCall, Plan, StepError } from './values.ts';

/** Where an attempt stands; see `fold-attempts.ts` for the transitions. */
export type AttemptStage =
  | 'planned'
  | 'refused'
  | 'asked'
  | 'approved'
  | 'rejected'
  | 'expired'
  /** The target recovered or broke anew before it was applied: it does not count as tried. */
  | 'withdrawn'
  | 'applying'
  | 'applied'
  | 'failed'
  | 'undoing'
  | 'undone'
  | 'unproven'
  | 'undo-refused'
  /** A person took over before its end: what of it stands is theirs. */
  | 'taken-over'
  | 'verified'
  /** A session: it stands until its time is over, then it is undone. */
  | 'standing'
  /** What was ordered is done, and changed nothing of the target that could be verified. */
  | 'done';

/** One try of one remedy for one finding. */
export interface Attempt {
  n: number;
  episode: number;
  cause: string;
  remedy: string;
  findingKey: string;
  stage: AttemptStage;
  plans: Plan[];
  digest: string;
  replans: number;
  /** How the target did when it was planned. */
  before: Measure | null;
  approval: Approval | null;
  actions: ActionRecord[];
  heldBack: { at: string; why: string } | null;
  /** Since when which action waits for what people may have said, which cannot be read. */
  unread?: { i: number; since: string };
  changedAt: string | null;
  verification: Verification | null;
  assessment: { better: boolean | 'unknown'; saw: string; at: string } | null;
  /** Why it is being or was undone, or refused. */
  why?: string;
  /** Set where a person ordered it: the actions are the order's, or its procedure's, not a remedy's of the runbook. */
  ordered?: Requested;
  /** Nobody answered a question about it in time, and what it had done is taken back for that. */
  unanswered?: true;
  /** Who ordered it undone. */
  undoOrderedBy?: string;
  /** Set where a person named this remedy, also where it was tried before. */
  retried?: Retry;
  /** Whether the cluster says that it is for development: there unverified approvals count for everything (safety 14). */
  developmentCluster?: boolean;
  /** When it was taken back, or left as unproven. */
  endedAt?: string;
}

/** What a person ordered to be done on the target, with the actions that it comes to. */
export interface Requested {
  /** The order's id. */
  id: string;
  by: string;
  verified: boolean;
  at: string;
  /** What it is called in place of a remedy's name: "rollback to revision 2", "debug-session". */
  what: string;
  calls: OrderedCall[];
  /** Set where `what` is a procedure of the runbook, whose actions stand there. */
  procedure?: true;
}

export interface Verification {
  result: 'pass' | 'fail' | 'unknown';
  checks: CheckResult[];
  better: boolean | 'unknown';
  /** When, RFC 3339; not in records of before. */
  at?: string;
}

export interface Approval {
  quorum: number;
  expiresAt: string;
  digest: string;
  why: string;
  by: string[];
  /** Approved under an open page: an order, which the deadline does not interrupt. */
  ordered: boolean;
  /** Whoever is asked is told the answer: not in a run that asked before there were answers. */
  tellsAnswer?: true;
  sentBy: string | null;
  tries: { notifier: string; at: string }[];
}

export interface ActionRecord {
  i: number;
  /** The seq of its action-started event. */
  step: number;
  outcome: ActionOutcome | 'started';
  error?: StepError;
  /** When it ended, RFC 3339. */
  finishedAt?: string;
  /** What it found out on the way, in lines for people. */
  saw?: string[];
  /** `stands`: what of the change stays although it was taken back (an image pinned by its digest). */
  undo?: { step: number; outcome: UndoOutcome | 'started'; saw?: string; stands?: string };
}
