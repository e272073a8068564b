import type { ZodType } from 'zod';
import type { Baselines } from '../activities/baseline.ts';
import type { Artifacts } from '../artifacts/store.ts';
import type { Builds } from '../builds/builds.ts';
import type { Executions } from '../executions/notes.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import type { RunbookContent } from '../recovery/activities.ts';
import type { Finding, Harm, Plan, Target } from '../recovery/values.ts';
import type { Secrets } from './write/secrets.ts';

/** One permission that an action needs, as RBAC and `kintsugi doctor` name it. `subresource` as in `pods/eviction`. */
export interface Permission {
  group: string;
  resource: string;
  subresource?: string;
  /** The one object of that name (RBAC's resourceNames); without it any. */
  name?: string;
  verbs: ('get' | 'list' | 'watch' | 'create' | 'patch' | 'update' | 'delete')[];
}

/** What a write or an undo works with: the cluster, whose step it is, and what keeps it from a late or foreign write. */
export interface WriteContext {
  kubernetes: Kubernetes;
  target: Target;
  runbook: RunbookContent;
  /** Recovery id and seq of the started event: the late-write guard's annotation value is `<recoveryId>#<step>` (durability 3). */
  recoveryId: string;
  step: number;
  secrets: Secrets;
  /** Where what an action brings out of the cluster is kept: too large for an event, or not for everyone's eyes. */
  artifacts: Artifacts;
  /** What was run in containers, and what became of it (safety 23). */
  executions: Executions;
  /** The build hooks of the configuration file. */
  builds: Builds;
  /** The configuration's registry mirrors, host to address (safety 4). */
  mirrors: Readonly<Record<string, string>>;
  /** Whether another recovery's run is still open; throws a retryable KintsugiError when Temporal cannot tell. */
  isRunOpen(recoveryId: string): Promise<boolean>;
  /** Why no write may begin now, null when it may (safety 1): an action that writes more than once asks before each. */
  heldBack?(): Promise<string | null>;
  /** Beats the activity's heart with what is being waited for; throws when the activity was cancelled. */
  heartbeat(detail: string): void;
  signal: AbortSignal;
}

/** What planning works with besides: the finding it is to mend, and what was known healthy. */
export interface ActionContext extends WriteContext {
  finding: Finding;
  /** When the target broke, RFC 3339: a template changed after it asks (safety 5). */
  brokenSince: string;
  /** The plan is shown and never applied (mode `observe`). */
  onlyShown?: boolean;
  /** A person ordered this very action, or its procedure: what only needs a person's word has it. */
  ordered?: boolean;
  /** KINTSUGI_RUNBOOKS: manifests lie beside it. */
  runbooks: string;
  /** The plans of the remedy's earlier actions: what they change counts as changed. */
  earlier: Plan[];
  baselines: Baselines;
}

/** What an undo found: it put the change back, had nothing to do, or refused over a foreign change (safety 16). */
export interface RevertResult {
  outcome: 'undone' | 'not-needed' | 'refused';
  saw?: string;
  /** What stays although the change was taken back, as one sentence. */
  stands?: string;
}

/** What apply did; `saw` where it found something out on the way, in lines for people, bounded and redacted. */
export type ApplyOutcome = 'applied' | 'unchanged' | { outcome: 'applied' | 'unchanged'; saw: string[] };

/**
 * One thing that a remedy can do; one default export a file, found by the generated registry.
 * `plan` only reads. `apply` works from the recorded plan alone and is safe to repeat. `revert` tolerates 'never applied'.
 */
export interface Action<P> {
  name: string;
  summary: string;
  params: ZodType<P>;
  /** Whether running pods are replaced or deleted by it. */
  disruptive: boolean;
  /** What it takes from the target, where its undo does not simply give that back: only verified people approve it (safety 14). */
  harm(params: P): Harm | null;
  /** Whether only a runbook may use it: its parameters name a program, which no order may choose. */
  onlyFromRunbook?: true;
  permissions(params: P): Permission[];
  plan(context: ActionContext, params: P): Promise<Plan>;
  apply(context: WriteContext, plan: Plan): Promise<ApplyOutcome>;
  revert(context: WriteContext, plan: Plan): Promise<RevertResult>;
  /**
   * Whether this very step has written already and only its answer was lost. Without it the guard on the workload whose fields
   * the plan changes tells.
   */
  hasWritten?(context: WriteContext, plan: Plan): Promise<boolean>;
}
