import { randomBytes } from 'node:crypto';
import { createSecrets } from '../../actions/write/secrets.ts';
import type { Baselines } from '../../activities/baseline.ts';
import { createBaselines } from '../../activities/baseline-store.ts';
import { configuredArtifacts } from '../../artifacts/store.ts';
import { createBuilds } from '../../builds/builds.ts';
import type { Configuration } from '../../configuration/configuration.ts';
import { type ChecklistBasis, fillChecklist } from '../../diagnosis/checklist.ts';
import { collectSubject } from '../../diagnosis/collect/collect.ts';
import { readSubject } from '../../diagnosis/collect/subject.ts';
import type { Evidence } from '../../diagnosis/evidence.ts';
import { evidenceForPeople } from '../../diagnosis/excerpt.ts';
import { judgeHealth } from '../../diagnosis/health.ts';
import { redactDeep } from '../../diagnosis/redact-evidence.ts';
import { createRedactor } from '../../diagnosis/redaction.ts';
import { KintsugiError, messageOf } from '../../errors.ts';
import { createExecutions } from '../../executions/notes.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { createLogger } from '../../log.ts';
import { withNames } from '../../recovery/placeholders.ts';
import type { ChecklistItem, Finding, Json, Plan, Target } from '../../recovery/values.ts';
import { type PlannedRemedy, planFor, runbookFor } from './plan.ts';
import { notThere } from './target.ts';

/** What `kintsugi diagnose --json` prints (contracts.md, "CLI"), and what else its text shows. */
export interface Answer {
  target: Target;
  healthy: boolean;
  /** One line. */
  state: string;
  /** The best first; never empty when it is not healthy. */
  findings: Finding[];
  evidence: Json;
  /** The runbook's remedy for the best finding, planned and not done; empty without one. */
  plans: Plan[];
  checklist: ChecklistItem[];
}

/** The answer with what only its text needs. */
export interface Seen {
  answer: Answer;
  evidence: Evidence;
  runbook: string | null;
  planned: PlannedRemedy | null;
  /** What the runbook tells a person, where it has no remedy for the cause. */
  person: string | null;
}

/** How one target is looked at. */
export interface Looking {
  kubernetes: Kubernetes;
  configuration: Configuration;
  signal: AbortSignal;
}

/**
 * Looks at a target once, says what is wrong and what would be done about it. Writes nothing.
 * @throws KintsugiError `not-found` with the names that were perhaps meant, or what the API server refuses of the target itself
 */
export async function look(looking: Looking, target: Target): Promise<Seen> {
  const { kubernetes, configuration, signal } = looking;
  const key = configuration.redactionKey ?? randomBytes(32).toString('hex');
  const log = createLogger({ level: 'silent', component: 'diagnose' });
  const baselines = baselinesFor(looking, key);
  const subject = await readSubject(kubernetes, target, signal).catch(async (thrown: unknown) => {
    if (thrown instanceof KintsugiError && thrown.code === 'not-found') throw await notThere(kubernetes, target);
    throw thrown;
  });
  const notes: string[] = [];
  const stored = await runbookFor(configuration, subject, notes);
  const { evidence, redactor } = await collectSubject(
    { kubernetes, baselines, redactionKey: key, mirrors: configuration.mirrors, log },
    { target, runbook: stored?.runbook ?? null, signal, heartbeat: () => signal.throwIfAborted() },
    subject,
  );
  evidence.missing.push(...notes);
  const { healthy, state, findings } = judgeHealth(evidence);
  const { namespace, mirrors } = configuration;
  const builds = createBuilds({ settings: configuration.builds, kubernetes, namespace });
  const artifacts = configuredArtifacts(configuration);
  const executions = createExecutions({ kubernetes, namespace });
  const planning = {
    kubernetes,
    baselines,
    artifacts,
    executions,
    log,
    namespace,
    mirrors,
    builds,
    runbooks: configuration.runbooks,
  };
  const planned =
    stored === null || healthy
      ? null
      : await planOrNote(() => planFor(planning, stored, { evidence, findings }, signal), evidence);
  const checklist = fillChecklist(evidence, findings, stored?.runbook.spec ?? GENERIC);
  const answer = {
    target,
    healthy,
    state,
    findings,
    evidence: evidenceForPeople(evidence),
    plans: planned?.plans ?? [],
    checklist,
  };
  const entry = stored?.runbook.spec.causes.find(({ cause }) => cause === findings[0]?.cause);
  const named = { target, finding: findings[0] ?? null, evidence: answer.evidence };
  const person = entry?.person === undefined ? null : withNames(entry.person, named);
  return redactDeep({ answer, evidence, runbook: stored?.name ?? null, planned, person }, redactor);
}

/** Without the key that the recorded hashes were made with they compare nothing. */
function baselinesFor({ kubernetes, configuration }: Looking, key: string): Baselines {
  const secrets = createSecrets(key, createRedactor({ key }).redact);
  const stored = createBaselines({ kubernetes, namespace: configuration.namespace, secrets });
  if (configuration.redactionKey !== undefined) return stored;
  return {
    ...stored,
    async read(target) {
      if ((await stored.read(target)) === null) return null;
      throw new KintsugiError(
        'invalid',
        'KINTSUGI_REDACTION_KEY is not set, so what was seen healthy cannot be compared',
        { where: 'KINTSUGI_REDACTION_KEY', fix: "Set it to the workers' key." },
      );
    },
  };
}

/** A plan that cannot be made does not cost the diagnosis. */
async function planOrNote(
  plan: () => Promise<PlannedRemedy | null>,
  { missing }: Evidence,
): Promise<PlannedRemedy | null> {
  try {
    return await plan();
  } catch (thrown) {
    missing.push(`plan: ${messageOf(thrown)}`);
    return null;
  }
}

/** What is looked at where no runbook says what to look at. */
const GENERIC: ChecklistBasis = {
  variables: [],
  dependencies: [],
  target: { namespace: '', kinds: ['Deployment'] },
  checklist: [
    { id: 'previous-logs', text: 'Check the logs of the container that ended' },
    { id: 'references', text: 'Check the ConfigMaps, Secrets and claims that it refers to' },
    { id: 'resources', text: 'Check requests and limits' },
    { id: 'image', text: 'Check the image' },
    { id: 'probes', text: 'Check the probes' },
    { id: 'services', text: 'Check the Services in front of it' },
    { id: 'recent-changes', text: 'Check what changed' },
    { id: 'cluster-events', text: 'Check the events' },
  ],
};
