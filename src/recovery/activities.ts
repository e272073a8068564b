import type { PostRecoveryPoint, Runbook } from '../runbook/schema.ts';
import type { EscalateInput, EscalateResult } from './escalation.ts';
import type { SilenceAnswer, SilenceRequest, SilencesInput, SilencesRead } from './silence-answers.ts';
import type {
  AlertMessage,
  ChecklistItem,
  CheckResult,
  EscalationStep,
  EvidenceRef,
  Finding,
  GitComparison,
  Measure,
  Mode,
  ModeVoice,
  OrderedCall,
  Params,
  Plan,
  PostRecoveryItem,
  Silence,
  StepError,
  Target,
} from './values.ts';

/** What the workflow asks of its activities, and what comes back: at most 32 KiB each way but for the runbook (durability 9). */

export type RunbookContent = Pick<Runbook, 'metadata' | 'spec'>;

export interface LoadedRunbook {
  name: string;
  version: string;
  /** SHA-256 of the file as it was read. */
  digest: string;
  runbook: RunbookContent;
  /** The worker's mode for this runbook in this namespace (its configuration's `auto` list, else KINTSUGI_MODE). */
  workerMode: Mode;
  /** The procedure of it that a person has started. */
  procedure?: string;
  /** Public keys of the front door, by which orders are verified: 64 hexadecimal digits each. */
  orderKeys?: string[];
}

export interface LoadInput {
  name: string;
  target: Target | null;
  startedBy: 'alert' | 'person';
  procedure?: string;
  params?: Params;
}

/** What every step on the target is told. */
export interface StepContext {
  recoveryId: string;
  target: Target;
  runbook: RunbookContent;
}

export interface DiagnoseInput extends StepContext {
  round: number;
  /** When the target broke (the alert's startsAt), RFC 3339. */
  brokenSince: string;
}
export interface Diagnosis {
  healthy: boolean;
  measure: Measure;
  evidence: EvidenceRef;
  /** One sentence: "0 of 1 pods ready, agent-bruno OOMKilled 4 times". */
  saw: string;
  /** What a former recovery that was cut short left standing on a target that is not healthy (durability 5). */
  standing?: StandingUndo;
}

/** Changes of another recovery, the last first: in the order in which they are to be taken back. */
export interface StandingUndo {
  from: string;
  plans: Plan[];
}

export interface ClassifyInput extends StepContext {
  evidence: EvidenceRef;
  brokenSince: string;
}
export interface Classification {
  findings: Finding[];
  checklist: ChecklistItem[];
  steps: EscalationStep[];
  /** The runbook's prevention for the leading cause, each point with what the machine sees of it. */
  prevention?: string[];
}

export interface PlanInput extends StepContext {
  n: number;
  finding: Finding;
  remedy: string;
  /** What a person ordered, in place of the runbook's remedy of that name. */
  ordered?: OrderedCall[];
  /** Set where `remedy` names a procedure of the runbook. */
  procedure?: true;
  brokenSince: string;
  /** In `observe` the plan is only shown: a right that is missing to try it out is told, not a refusal. */
  onlyShown?: boolean;
}
/** All actions' plans in order, made on the target as it is now; later ones assume the earlier ones' changes. */
export interface RemedyPlans {
  plans: Plan[];
  /** SHA-256 of the plans: what an approval approves. */
  digest: string;
  /** Whether the cluster says that it is for development; asked where a plan is destructive, or takes several people. */
  developmentCluster?: boolean;
}

export interface ApplyInput extends PlanInput {
  i: number;
  /** The seq of the action-started event: written as `kintsugi.dev/recovery: <recoveryId>#<step>` (durability 3). */
  step: number;
  plan: Plan;
  /** Changes of the remedy's earlier actions, already made: expected differences when planning again. */
  earlier: Plan[];
  /** Whether a person approved this very plan. */
  approved: boolean;
  /** The labels of the firing trigger alerts: a silence of Alertmanager may be about one of them. */
  alerts?: Record<string, string>[];
  /** It has waited for long enough for silences and an annotation that cannot be read. */
  goesOnUnread?: true;
}
/** Why an action was not begun. */
export interface HeldBack {
  outcome: 'held-back';
  why: string;
  /** The silence that holds it back. */
  silence?: Silence;
  /** What the target's annotation says of the mode, where that holds it back. */
  voice?: ModeVoice;
  /** It could not be read what people say. */
  unread?: true;
}
export type ApplyResult =
  /** `saw`: what it found out on the way, in lines for people, about 4 KiB at most, redacted. */
  | { outcome: 'applied' | 'unchanged'; saw?: string[] }
  /** Not begun: paused, silenced, another recovery holds the namespace or the dependency. No try is used up. */
  | HeldBack
  /** Not begun: the plan made just now differs from the recorded one; it asks again. */
  | { outcome: 'replanned'; plan: Plan }
  /** Refused by a rule of safety, or failed for good. */
  | { outcome: 'failed'; error: StepError };

export interface CompensateInput extends StepContext {
  plan: Plan;
  /** The seq of the undo-started event. */
  step: number;
}
export interface CompensateResult {
  outcome: 'undone' | 'not-needed' | 'refused' | 'failed';
  saw?: string;
  /** What stays although the change was taken back. */
  stands?: string;
}

export interface VerifyInput extends StepContext {
  /** How the target did at the diagnosis that the remedy was planned on. */
  before: Measure;
  /** When the remedy's first action started, RFC 3339; absent when nothing was changed. */
  changedAt?: string;
  /** The plans that were applied: the live pods' values are compared with them (safety 8). */
  plans: Plan[];
  /** The cause that was mended: OOM also needs the working set to level off (safety 19). */
  cause?: string;
}
export interface Verification {
  result: 'pass' | 'fail' | 'unknown';
  checks: CheckResult[];
  measure?: Measure;
  /** Whether the target does better than `before` (safety 15). */
  better: boolean | 'unknown';
}

/** One live look without waiting: while settling, watching, and to compare after a failed remedy. */
export interface LookInput extends StepContext {
  before?: Measure;
  /** When the last look was taken, RFC 3339: only a restart after it means `broken`. */
  since?: string;
  /** The hold that stands, and the changes that Git lacks: compared with what Git says now. */
  hold?: { plan: Plan; changes: Plan[] };
}
export interface Look {
  healthy: boolean;
  /** A restart since the last look, or not ready for 30 s. */
  broken: boolean;
  better: boolean | 'unknown';
  measure?: Measure;
  saw: string;
  hold?: GitComparison;
}

/** What is looked at after the recovery: those of the runbook's points that are read from the cluster and from Prometheus. */
export interface AfterRecoveryInput extends StepContext {
  /** When the target recovered, RFC 3339. */
  since: string;
  points: PostRecoveryPoint[];
}

export interface ReleaseInput {
  recoveryId: string;
  target: Target;
  runbook: RunbookContent;
}

export interface FindOwnerInput {
  namespace: string;
  pod: string;
  runbook: string;
}
export type Owner =
  | { found: 'workload'; target: Target }
  /** The pod and its owner are gone; `healthy` is whether the runbook's selector is. */
  | { found: 'gone'; healthy: boolean; saw: string };

export interface ForwardInput {
  to: Target;
  runbook: string;
  digest: string;
  alerts: AlertMessage[];
  input: { mode?: Mode; actor?: string; reason?: string; procedure?: string; params?: Params };
}

/** The activities that a worker serves; `createActivities(deps)` makes them. */
export interface Activities {
  loadRunbook(input: LoadInput): Promise<LoadedRunbook>;
  findOwner(input: FindOwnerInput): Promise<Owner>;
  forward(input: ForwardInput): Promise<{ workflowId: string }>;
  diagnose(input: DiagnoseInput): Promise<Diagnosis>;
  classify(input: ClassifyInput): Promise<Classification>;
  planRemedy(input: PlanInput): Promise<RemedyPlans>;
  applyAction(input: ApplyInput): Promise<ApplyResult>;
  verify(input: VerifyInput): Promise<Verification>;
  look(input: LookInput): Promise<Look>;
  readSilences(input: SilencesInput): Promise<SilencesRead>;
  changeSilences(request: SilenceRequest): Promise<SilenceAnswer>;
  checkAfterRecovery(input: AfterRecoveryInput): Promise<{ items: PostRecoveryItem[] }>;
  compensate(input: CompensateInput): Promise<CompensateResult>;
  release(input: ReleaseInput): Promise<void>;
  escalate(input: EscalateInput): Promise<EscalateResult>;
}
