import type { LoadedRunbook, RunbookContent } from './activities.ts';
import type { Attempt, Requested } from './attempt.ts';
import type { Lane, OrderName, Outcome } from './events.ts';
import type { PageRecord } from './page-record.ts';
import type { Question } from './questions.ts';
import type { JudgedStart, UnjudgedStart } from './signed-start.ts';
import type { SilenceState } from './silences.ts';
import type { NextProcedure, Start, StartedProcedure } from './started-procedure.ts';
import type { Note, Retry } from './steering.ts';
import type { StepName } from './steps.ts';
import type { TakenOver } from './take-over.ts';
import type {
  AlertMessage,
  ChecklistItem,
  EscalationStep,
  EvidenceRef,
  Finding,
  GitComparison,
  Json,
  Measure,
  Mode,
  ModeVoice,
  PostRecoveryItem,
  StepError,
  Target,
} from './values.ts';

/** The fold of a recovery's events: the workflow's state, the query's answer, the audit's view. Plain data. Times are RFC 3339. */
export interface RecoveryRecord {
  v: 1;
  /** The last event's number and time: `now` is the record's only clock. */
  seq: number;
  now: string;
  recoveryId: string;
  workflowId: string;
  /** The Kubernetes cluster's name, as the task queue and the workflow id have it. */
  cluster: string;
  runbookName: string;
  runbook: (Omit<LoadedRunbook, 'runbook'> & { content: RunbookContent }) | null;
  target: Target | null;
  /** Set when this run only sends on: the workflow id of the canonical recovery. */
  forward: { to: string; sent: number } | null;
  ownerGone: { healthy: boolean; saw: string } | null;
  startedBy: 'alert' | 'person';
  actor?: string;
  /** What the front door's signature of the start came to; without one nobody has verified the actor. */
  judgedStart?: JudgedStart;
  unjudgedStart?: UnjudgedStart;
  reason?: string;
  inputMode?: Mode;
  /** When Temporal took the start, where the run says it; no worker may have been there until `openedAt`. */
  startedAt?: string;
  /** What the target's annotation says of the mode; absent where there is none. */
  modeVoice?: ModeVoice;
  /** Maintenance (`silences.ts`); absent in a run that began before it was asked about. */
  silences?: SilenceState;
  /** Set in a run that began before approvals, deadlines, hand-backs and the end were judged as they are now: its history goes on as it began. */
  formerRules?: true;
  openedAt: string;
  /** The present episode's begin and deadline; `number` counts relapses from 1. */
  episode: Episode;
  /** By fingerprint; those of another runbook by its name and their fingerprint. */
  alerts: Record<string, AlertRecord>;
  /** The runbooks that this recovery went by before the present one. */
  served: string[];
  round: number;
  diagnosis: {
    round: number;
    healthy: boolean;
    measure: Measure;
    evidence: EvidenceRef;
    saw: string;
    at: string;
  } | null;
  /** Findings of the diagnosis's round; null until it is classified. */
  findings: Finding[] | null;
  checklist: ChecklistItem[];
  steps: EscalationStep[];
  /** Of the leading cause, each point with what was seen of it; empty where nobody looked. */
  prevention: string[];
  attempts: Attempt[];
  /** What people ordered to be done on the target and is not planned yet. */
  requests: Requested[];
  /** What the start, or an order, says of the runbook besides its target. */
  start?: Start;
  /** A procedure of another runbook that was ordered: the recovery goes on by that runbook as soon as nothing is in its way. */
  next?: NextProcedure;
  /** The procedure that a person has started (`procedures.ts`). */
  procedure?: StartedProcedure;
  /** The attempt whose apply took the namespace's lease and has not given it back. */
  leaseHeld: boolean;
  pages: PageRecord[];
  /** Questions for approval that somebody has, or is being asked, and whose answer is still to be told (`questions.ts`). */
  questions?: Question[];
  orders: Record<string, { name: OrderName; actor: string; accepted: boolean; reason?: string }>;
  /** What each lane is doing now. */
  inFlight: Record<Lane, InFlight | null>;
  /** The last failure of a step, to pause before the next try; cleared by the next result in the lane. */
  failures: Record<Lane, { step: StepName; at: string; count: number; error: StepError } | null>;
  /** The last live look, and what asks for one before its time. */
  look: {
    at: string | null;
    wanted: boolean;
    healthy: boolean | null;
    broken: boolean;
    saw: string;
    measure?: Measure;
  };
  /** When the target was last seen healthy; absent where it was not, and in a record of before. */
  healthyAt?: string;
  /** Whether something was changed or taken back since the last diagnosis. */
  diagnosisStale: boolean;
  /** Seq of the last event that people with an open page should hear of. */
  newsSeq: number;
  recovered: { by: 'remedy' | 'itself' | 'person'; at: string } | null;
  /** The points after the present recovery as they were filled in, or why they could not be (`post-recovery.ts`). */
  postRecovery?: { at: string; items: PostRecoveryItem[]; error?: string };
  /** The note about the recovery of that time (`notes.ts`): how often it was refused, or who took it. */
  note?: { of: string; tries: number; takenBy?: string };
  /** Set while a recovered target stands on a hold: what Git lacks (`holds.ts`). */
  mitigation?: Mitigation;
  /** Who has the target in hand: automation writes nothing until it is handed back. */
  takenOver?: TakenOver;
  /** The remedy that a person wants tried next. */
  retry?: Retry;
  notes?: Note[];
  closing: { order: 'close' | 'cancel'; outcome?: Outcome; rootCause?: string; actor: string; at: string } | null;
  closed: {
    outcome: Outcome;
    rootCause?: string;
    standing: string[];
    patch?: string;
    /** What a procedure came to. */
    why?: string;
    at: string;
  } | null;
  /** Messages that were refused, by number; their reasons stand in the events. */
  refusedMessages: number;
}

/** A recovery that stands only because Git's owner of the target is held off. */
export interface Mitigation extends GitComparison {
  /** The attempt whose hold it is. */
  n: number;
  /** The hold, as one sentence. */
  hold: string;
  owner: string;
  since: string;
  expiresAt: string;
  /** What a person commits for the hold to end. */
  patch: string;
  /** When Git was last compared. */
  at: string;
  /** Set between the hold's end and the verification after it. */
  releasedAt?: string;
}

/** One time of trouble: it begins with the first alert, and again with a relapse. */
export interface Episode {
  number: number;
  brokenSince: string;
  deadline: string;
  /** Whether a person set the deadline: the runbook's own does not replace it. */
  deadlineGiven: boolean;
  openedAt: string;
  deadlinePassed: boolean;
  /** By how much people have moved the deadline: by an order, and by the time in which one had the target in hand. */
  addedMs?: number;
  /** The times in which one had it in hand, up to the hand-back. */
  inHand?: { from: string; to: string }[];
  /** Who has moved it on by an order: once an episode. */
  extended?: { by: string; at: string; span: string };
}

/** `after`: its sender's first rung, kept for an alert of another runbook. */
export type AlertRecord = AlertMessage & { count: number; receivedAt: string; after?: string };

export interface InFlight {
  step: StepName;
  at: string;
  n?: number;
  i?: number;
}

/** The record before its first event. */
export const emptyRecord: RecoveryRecord = {
  v: 1,
  seq: 0,
  now: '1970-01-01T00:00:00.000Z',
  recoveryId: '',
  workflowId: '',
  cluster: '',
  runbookName: '',
  runbook: null,
  target: null,
  forward: null,
  ownerGone: null,
  startedBy: 'person',
  openedAt: '',
  episode: { number: 1, brokenSince: '', deadline: '', deadlineGiven: false, openedAt: '', deadlinePassed: false },
  alerts: {},
  served: [],
  round: 0,
  diagnosis: null,
  findings: null,
  checklist: [],
  steps: [],
  prevention: [],
  attempts: [],
  requests: [],
  leaseHeld: false,
  pages: [],
  orders: {},
  inFlight: { target: null, people: null },
  failures: { target: null, people: null },
  look: { at: null, wanted: false, healthy: null, broken: false, saw: '' },
  diagnosisStale: false,
  newsSeq: 0,
  recovered: null,
  closing: null,
  closed: null,
  refusedMessages: 0,
};

/** Arguments of an order as events keep them. */
export type OrderArgs = { [key: string]: Json };
