import type { ChecklistItem, EscalationStep, Finding, Json, Mode, Plan, PostRecoveryItem, Target } from './values.ts';

/** What a page says; the webhook's body is made from it (contracts.md, "Page webhook"). */
export interface Page {
  key: string;
  recoveryId: string;
  workflowId: string;
  runbook: string;
  severity: string;
  component: string;
  service: string;
  symptom: string;
  title: string;
  target: Target;
  impact: Json;
  brokenSince: string;
  deadline: string;
  mode: Mode;
  findings: Finding[];
  /** `found`: what its actions found out on the way, in lines (a debug session). */
  attempts: { remedy: string; cause: string; outcome: string; undone: boolean; saw: string; found?: string[] }[];
  /** Standing changes, each one sentence. */
  holds: string[];
  /** Changes that verified before the target broke again, and stand; absent where there is none. */
  kept?: string[];
  /** Why it says less than it should: what could not be read, or that nothing was looked at yet. */
  trouble?: string;
  /** What people have said to each other about it. */
  notes?: { by: string; at: string; text: string }[];
  /** Who has the target in hand, so that automation writes nothing; `putBack`: in lines, how what stands is taken back. */
  takenOver?: { by: string; at: string; reason?: string; putBack: string[] };
  /** What a person commits, so that Git has what stands in the cluster. */
  patch?: string;
  steps: EscalationStep[];
  checklist: ChecklistItem[];
  /** The points after the recovery, once there is one; absent where the runbook has none. */
  postRecovery?: PostRecoveryItem[];
  person?: string;
  prevention: string[];
  team: string;
  contact?: string;
  links: { title: string; url: string }[];
  /** Why the page comes now: "nothing is left to try", "15m passed". */
  why: string;
  /** Who has taken the page on: it climbs no further. */
  acknowledged?: Acknowledgement;
  /** What data is lost by what is asked for or under way, each one sentence. */
  dataLoss: string[];
  /** The procedure that a person has started; `isWell`: its target is well, and nothing of it was begun. */
  procedure?: { name: string; by: string; isWell: boolean };
}

/** An approval that is asked for: the plans, and until when. */
export interface ApprovalRequest {
  n: number;
  remedy: string;
  cause: string;
  quorum: number;
  expiresAt: string;
  digest: string;
  why: string;
  plans: Plan[];
  /** Who has approved already. */
  by: string[];
  /** What data is lost by it, each one sentence: said before anything else. */
  dataLoss: string[];
}

/** What became of a question for approval; `overtaken`: it is not asked any more, and `why`. */
export interface ApprovalAnswer {
  outcome: 'approved' | 'rejected' | 'expired' | 'overtaken';
  /** Who approved, each of the quorum, or rejected; nobody else. */
  by: string[];
  /** In words: "by ana", "nobody answered in time", "ana took over". */
  why: string;
  at: string;
}

/** Who has a page in hand, and since when (RFC 3339); `verified`: whether the front door knows that it was this person. */
export interface Acknowledgement {
  by: string;
  at: string;
  verified: boolean;
}

export interface EscalateInput {
  notifier: string;
  /** `answered`: of an `approval`; `note`: of low urgency, about a recovery that needed nobody. */
  event: 'trigger' | 'update' | 'resolve' | 'approval' | 'answered' | 'acknowledge' | 'note';
  page: Page;
  /** Unique for this very message: Idempotency-Key and Message-ID (durability 11). */
  messageKey: string;
  /** What this notifier's trigger, or its approval, returned for this page or question. */
  providerId?: string;
  /** Of `resolve`: why the page is over. */
  reason?: string;
  approval?: ApprovalRequest;
  /** Of `answered`. */
  answer?: ApprovalAnswer;
  /** Of `acknowledge`: who. */
  actor?: string;
  /** Of `note`: the sentence. */
  text?: string;
}
export interface EscalateResult {
  taken: boolean;
  providerId?: string;
  /** Why it was not taken; of `taken`, why not by all of those whom the notifier stands for. */
  error?: string;
  /** Not taken as far as is known, but its answer was lost: the provider may have it all the same. */
  lost?: boolean;
}
