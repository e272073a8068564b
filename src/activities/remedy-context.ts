import type { ActionContext } from '../actions/action.ts';
import type { Artifacts } from '../artifacts/store.ts';
import type { Builds } from '../builds/builds.ts';
import type { Executions } from '../executions/notes.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import type { Logger } from '../log.ts';
import type { ApplyInput, PlanInput } from '../recovery/activities.ts';
import type { Plan } from '../recovery/values.ts';
import type { Baselines } from './baseline.ts';
import type { Pulse } from './heartbeat.ts';
import { type HoldingBack, heldBackNow } from './holding-back.ts';

/** What remediation needs. */
export interface RemediationDependencies {
  kubernetes: Kubernetes;
  /** Its secrets are those that plans are kept free of. */
  baselines: Baselines;
  artifacts: Artifacts;
  executions: Executions;
  log: Logger;
  /** KINTSUGI_NAMESPACE: the Leases, the pause switch and the silences. */
  namespace: string;
  /** KINTSUGI_ALERTMANAGER_URL: its silences hold a write back too; none where it is left out. */
  alertmanagerUrls?: readonly string[];
  /** The configuration's registry mirrors, host to address. */
  mirrors: Readonly<Record<string, string>>;
  builds: Builds;
  /** KINTSUGI_RUNBOOKS: manifests lie beside it. */
  runbooks: string;
  /** Whether Temporal has an open run of that recovery; throws a retryable KintsugiError when it cannot tell. */
  isRunOpen(recoveryId: string): Promise<boolean>;
}

/** What an action is planned and made with in this step. */
export function contextOf(
  dependencies: RemediationDependencies,
  input: Writer,
  { step, earlier }: { step: number; earlier: Plan[] },
  { heartbeat, signal }: Pulse,
): ActionContext {
  const { kubernetes, baselines, artifacts, executions, mirrors, builds, runbooks, isRunOpen } = dependencies;
  const { target, runbook, recoveryId, finding, brokenSince, ordered, procedure, onlyShown = false } = input;
  return {
    kubernetes,
    target,
    runbook,
    recoveryId,
    step,
    secrets: baselines.secrets,
    artifacts,
    executions,
    builds,
    isRunOpen,
    heldBack: async () => (await heldBackNow(dependencies, askedBy(input), signal))?.why ?? null,
    heartbeat,
    signal,
    finding,
    brokenSince,
    onlyShown,
    ordered: ordered !== undefined || procedure === true,
    earlier,
    baselines,
    mirrors,
    runbooks,
  };
}

/** Who is about to write. What a person ordered is no automation: no silence holds it, and it needs no further approval. */
export function askedBy(writer: Writer): HoldingBack {
  const { target, runbook, ordered, procedure, approved = false, alerts = [], goesOnUnread = false } = writer;
  const isOrdered = ordered !== undefined || procedure === true;
  return { target, runbook: runbook.metadata.name, alerts, isOrdered, isApproved: approved || isOrdered, goesOnUnread };
}

type Writer = PlanInput & Partial<Pick<ApplyInput, 'approved' | 'alerts' | 'goesOnUnread'>>;
