import type { LoadedRunbook } from './activities.ts';
import type { RecoveryRecord } from './record.ts';
import type { OrderProof } from './signed-order.ts';
import type { StepName } from './steps.ts';
import type {
  AlertMessage,
  ChecklistItem,
  CheckResult,
  EscalationStep,
  EvidenceRef,
  Finding,
  GitComparison,
  Json,
  Measure,
  Mode,
  ModeVoice,
  Params,
  Plan,
  PostRecoveryItem,
  Silence,
  StepError,
  Target,
  Unread,
} from './values.ts';

/**
 * What happened in a recovery: an append-only union. Steps, timers, alerts and orders only append; the record is the fold of
 * these, and the audit's rows, the query and the page's timeline are exactly these.
 */
export type RecoveryEvent = { v: 1; seq: number; at: string } & EventBody;

/** The two things that a recovery does side by side: work on the target, and talk to people. */
export type Lane = 'target' | 'people';

/** How a recovery ended. */
export type Outcome =
  | 'recovered'
  | 'recovered-by-itself'
  | 'recovered-by-person'
  | 'mitigated'
  | 'observed'
  | 'handed-over'
  | 'closed'
  | 'cancelled'
  | 'target-gone'
  | 'forwarded'
  /** A procedure that changed nothing which could be verified was done, or one was not done and the target is as before. */
  | 'done'
  | 'not-done';

/** What a procedure came to, other than a recovery: done, not done, or only planned. */
export type ProcedureOutcome = 'done' | 'not-done' | 'observed';

/** What became of one action: `unknown` when its answer was lost, which counts as a change that may stand. */
export type ActionOutcome = 'applied' | 'unchanged' | 'failed' | 'unknown';

export type UndoOutcome = 'undone' | 'not-needed' | 'refused' | 'failed';

export type EventBody =
  /** The run began; the deadline is armed from here on, before the runbook is even loaded. */
  | {
      kind: 'opened';
      recoveryId: string;
      workflowId: string;
      cluster: string;
      runbookName: string;
      /** Null until the runbook or the pod's owner names it. */
      target: Target | null;
      startedBy: 'alert' | 'person';
      actor?: string;
      reason?: string;
      mode?: Mode;
      /** When Temporal took the start; the event's own time is when the first worker got to it. */
      startedAt?: string;
      brokenSince: string;
      deadline: string;
      /** Whether the start named the deadline; else the runbook's first rung replaces it once it is loaded. */
      deadlineGiven: boolean;
      /** The recovery id of the run before on the same target, when its undo recipe was adopted. */
      previous?: string;
      /** The front door's signature of the start; what it proves is judged when the keys have come with the runbook. */
      signed?: OrderProof;
      /** The procedure of the runbook that is started, where the start names it, and values for the runbook's parameters. */
      procedure?: string;
      params?: Params;
      /** Set in a run that began before approvals, deadlines, hand-backs and the end were judged as they are now. */
      formerRules?: true;
      /** Whether it asks about silences; runs of before do not. */
      asksSilences?: true;
    }
  /** Whether the signature that came with the start verifies its actor; `doubt`: why not. */
  | { kind: 'start-judged'; verified: boolean; doubt?: string }
  /** The run continued as new: the fold starts from this record. */
  | { kind: 'snapshot'; record: RecoveryRecord }
  /** A step of a lane began. Writing steps have events of their own: action-started, undo-started. */
  | { kind: 'step-started'; lane: Lane; step: StepName }
  /** A step ended without a result, after its retries. */
  | { kind: 'step-failed'; lane: Lane; step: StepName; error: StepError }
  /** A step was stopped before its end, on purpose; `question`: the one that was on its way to a notifier, which may have it. */
  | {
      kind: 'step-stopped';
      lane: Lane;
      step: StepName;
      question?: { n: number; digest: string; notifier: string };
    }
  /** The pod's owner: the workload that the recovery is about. */
  | { kind: 'owner-found'; target: Target }
  /** The pod and its owner are gone; `healthy`: whether the runbook's selector is. */
  | { kind: 'owner-gone'; healthy: boolean; saw: string }
  /** All that came so far was sent on to the canonical recovery. */
  | { kind: 'forwarded'; to: string; alerts: number }
  /** A trigger or related alert of this target, the first time in its status and episode; `after` is the sender's first rung. */
  | ({ kind: 'alert-received'; after?: string } & AlertMessage)
  /** An alert that was already there came again. */
  | { kind: 'alert-repeated'; fingerprint: string; runbook?: string; count: number }
  /**
   * The recovery goes on by another runbook: an alert of it fires while the target has recovered by the first, or a person ordered
   * a procedure of it (`order`, that order's id).
   */
  | { kind: 'runbook-changed'; from: string; to: string; brokenSince: string; deadline: string; order?: string }
  /** The runbook as it was read once for this recovery, never re-read; `procedure`: what of it a person has started. */
  | ({ kind: 'runbook-loaded' } & LoadedRunbook)
  /**
   * The procedure that a person started has ended without a verified change. `asBefore`: the target does as well as when it was
   * planned; else people are paged at once.
   */
  | { kind: 'procedure-ended'; n: number; outcome: ProcedureOutcome; asBefore: boolean; why: string }
  /** One round of evidence was taken. */
  | { kind: 'diagnosed'; round: number; healthy: boolean; measure: Measure; evidence: EvidenceRef; saw: string }
  /**
   * A former recovery on this target was terminated or timed out and left changes standing, the last first: they are attempt n
   * of this one, to be undone before anything else is tried (durability 5).
   */
  | { kind: 'adopted'; n: number; from: string; plans: Plan[] }
  /** The causes that the round's evidence speaks for, best first; empty never: `unknown` is a finding. */
  | { kind: 'classified'; round: number; findings: Finding[] }
  /** The runbook's checklist, the written escalation steps and the leading cause's prevention, filled in by machine. */
  | { kind: 'checklist'; items: ChecklistItem[]; steps: EscalationStep[]; prevention?: string[] }
  /** Everything that attempt n would do; `developmentCluster`: the cluster says that it is one (safety 14). */
  | {
      kind: 'planned';
      n: number;
      cause: string;
      remedy: string;
      findingKey: string;
      plans: Plan[];
      digest: string;
      developmentCluster?: boolean;
    }
  /** The rules of safety, or the cluster, forbid attempt n: it is not tried. */
  | {
      kind: 'remedy-refused';
      n: number;
      cause: string;
      remedy: string;
      findingKey: string;
      code: string;
      reason: string;
    }
  /** A plan made right before its action differs from the recorded one. */
  | { kind: 'replanned'; n: number; i: number; plan: Plan; digest: string }
  /** People are to be asked whether attempt n may go on; `tellsAnswer`: whoever has the question is told its answer. */
  | {
      kind: 'approval-asked';
      n: number;
      quorum: number;
      expiresAt: string;
      digest: string;
      why: string;
      tellsAnswer?: true;
    }
  /** A notifier took the question about the plans with this digest; `providerId`: what it calls it. */
  | { kind: 'approval-sent'; n: number; digest?: string; notifier: string; providerId?: string }
  /** `lost`: its answer was, so that the provider may have the question all the same. */
  | { kind: 'approval-failed'; n: number; digest?: string; notifier: string; error: string; lost?: true }
  /** The recovery ends with a question unanswered: it is not asked any more. */
  | { kind: 'question-over'; n: number; digest: string; why: string }
  /** Whoever had the question was told that it is answered, or not asked any more. */
  | { kind: 'answer-told'; n: number; digest: string; notifier: string }
  | { kind: 'answer-failed'; n: number; digest: string; notifier: string; error: string }
  | { kind: 'approval-expired'; n: number }
  /**
   * Another remedy in the namespace, the pause switch, a silence or the target's mode holds the action back: no try is used up, the
   * deadline runs. `asks`: it waits for a person's approval from now on; `unread`: what people may have said could not be read.
   */
  | { kind: 'held-back'; n: number; i: number; why: string; asks?: true; unread?: true }
  /** The silences were read, and what the target's annotation says of the mode (absent: not read); `unread`: what did not answer. */
  | { kind: 'silences-read'; unread: Unread[]; voice?: ModeVoice | null }
  /** Maintenance holds from here on, or holds otherwise than before: no write by automation, no new page. */
  | ({ kind: 'silenced' } & Silence)
  /** It is over: by its time, by a person, or because nobody can say any more that it still holds. */
  | { kind: 'silence-ended'; id: string; by?: string; why: string }
  /** A page is due and held by the silence. */
  | { kind: 'page-held'; why: string; silence: string }
  /** Right before a write the target's annotation said another mode than before. */
  | { kind: 'mode-said'; voice: ModeVoice | null }
  | { kind: 'action-started'; n: number; i: number }
  /** `saw`: what the action found out on the way (a debug session), in lines for people, bounded and redacted. */
  | { kind: 'action-finished'; n: number; i: number; outcome: ActionOutcome; error?: StepError; saw?: string[] }
  | {
      kind: 'verified';
      n: number;
      result: 'pass' | 'fail' | 'unknown';
      checks: CheckResult[];
      better: boolean | 'unknown';
    }
  /** A look that decides whether a failed or interrupted remedy's change stays (safety 15). */
  | { kind: 'assessed'; n: number; better: boolean | 'unknown'; healthy: boolean; saw: string }
  | { kind: 'undo-started'; n: number; i: number; why: string }
  /** `stands`: what stays although the change was taken back (an image pinned by its digest). */
  | { kind: 'undo-finished'; n: number; i: number; outcome: UndoOutcome; saw?: string; stands?: string }
  /** The lease of the namespace was given back. */
  | { kind: 'released' }
  /** Time passed. */
  | { kind: 'tick' }
  | { kind: 'deadline-passed' }
  /** A page is due: rung of the escalation ladder, and why now; `about` where the target is well and a hold expires soon. */
  /** `repeat`: which repetition of the last rung it is. */
  | { kind: 'rung-due'; rung: number; repeat?: number; why: string; about?: 'hold' }
  | { kind: 'page-sent'; rung: number; repeat?: number; notifier: string; key: string; providerId: string }
  /** `lost`: its answer was, so that the provider may have the page all the same. */
  | { kind: 'page-failed'; rung: number; repeat?: number; notifier: string; error: string; lost?: true }
  /** A notifier that took page number `page` was told more of it. */
  | { kind: 'page-updated'; page?: number; notifier: string; upTo: number }
  /** It was told that `by` has the page in hand. */
  | { kind: 'page-acknowledged'; page: number; notifier: string; by: string }
  /** The page is over from the first of these on; each notifier that took it is told. `partly`: not yet all of those whom it stands for. */
  | { kind: 'page-resolved'; page?: number; notifier: string; reason: string; partly?: true }
  /** A note of low urgency about a recovery without a page was taken. */
  | { kind: 'note-sent'; notifier: string }
  /** Something that follows a page, or a note, was not taken; `upTo`: of an update, what it would have told. */
  | {
      kind: 'message-failed';
      step: 'update-page' | 'acknowledge-page' | 'resolve-page' | 'note';
      notifier: string;
      page?: number;
      upTo?: number;
      error: string;
    }
  /** What a person ordered, and whether it was taken. */
  | {
      kind: 'order';
      id: string;
      name: OrderName;
      actor: string;
      verified: boolean;
      args: { [key: string]: Json };
      accepted: boolean;
      reason?: string;
    }
  /** A message that could not be read, or names another recovery; `order`: who wanted what, where that can be read. */
  | { kind: 'message-refused'; why: string; order?: { name?: string; id?: string; actor?: string } }
  /** A live look while settling or watching; under a hold, with what Git says of the object. */
  | { kind: 'watched'; healthy: boolean; broken: boolean; saw: string; measure?: Measure; hold?: GitComparison }
  /** The target broke again while settling: the same recovery, its memory, a new deadline. */
  | { kind: 'relapsed'; brokenSince: string; deadline: string }
  | { kind: 'recovered'; by: 'remedy' | 'itself' | 'person' }
  /** The runbook's points after a recovery, filled in once. */
  | { kind: 'post-recovery'; items: PostRecoveryItem[] }
  /** The end. `standing`: the changes that stay, each named; `patch`: what Git lacks of them; `why`: what a procedure came to. */
  | { kind: 'closed'; outcome: Outcome; rootCause?: string; standing: string[]; patch?: string; why?: string };

export type EventKind = EventBody['kind'];

/**
 * Orders that people give. `rollback` and `run` (one action, or a runbook's procedure) make an attempt of their own; from `takeOver` to `handBack`
 * automation writes nothing; `cancel` is the Temporal UI's cancellation.
 */
export type OrderName =
  | 'approve'
  | 'reject'
  | 'acknowledge'
  | 'takeOver'
  | 'handBack'
  | 'retry'
  | 'extend'
  | 'note'
  | 'undo'
  | 'rollback'
  | 'run'
  | 'close'
  | 'cancel';
