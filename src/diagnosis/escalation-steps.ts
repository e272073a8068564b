import type { EscalationStep, Finding } from '../recovery/values.ts';
import type { escalationStepIds, RunbookSpec } from '../runbook/schema.ts';
import { describeDependency } from './dependency-state.ts';
import { describeChanges, describeEvents } from './describe.ts';
import type { Evidence } from './evidence.ts';

type StepId = (typeof escalationStepIds)[number];

/** The written steps' own words, where a runbook gives none. */
const TEXTS: Record<StepId, string> = {
  'recent-changes': 'Review recent deployments and changes',
  'cluster-issues': 'Check cluster-wide issues',
  dependencies: 'Verify all dependencies',
  'application-changes': 'Review application code changes',
  contact: 'Contact the development team',
  rollback: 'Consider a rollback to the previous version',
};

const LONGEST = 600;

/** Takes each written escalation step as far as a machine can, and says what was found, or that its source is absent. */
export function takeSteps(evidence: Evidence, findings: readonly Finding[], spec: RunbookSpec): EscalationStep[] {
  return spec.escalation.steps.map((step) => {
    const id = typeof step === 'string' ? step : step.id;
    const text = typeof step === 'string' ? TEXTS[id] : step.text;
    const found = TAKEN[id](evidence, spec, findings);
    return { id, text, found: found.length > LONGEST ? `${found.slice(0, LONGEST - 1)}…` : found };
  });
}

const TAKEN: Record<StepId, (evidence: Evidence, spec: RunbookSpec, findings: readonly Finding[]) => string> = {
  'recent-changes': recentChanges,
  'cluster-issues': clusterIssues,
  dependencies,
  'application-changes': applicationChanges,
  contact: (_, { escalation }) =>
    `Team ${escalation.team}${escalation.contact === undefined ? '; the runbook gives no address' : `: ${escalation.contact}`}.`,
  rollback,
};

function recentChanges({ difference, revisions }: Evidence): string {
  const history = revisions
    .slice(0, 3)
    .map(
      ({ revision, createdAt, images, changeCause }) =>
        `revision ${revision} of ${createdAt} (${images.join(', ')}${changeCause === undefined ? '' : `; ${changeCause}`})`,
    );
  const rollouts = history.length === 0 ? 'no rollout history can be read' : history.join('; ');
  if (difference === null)
    return `Not possible to compare: neither a healthy baseline nor an earlier revision. ${rollouts}.`;
  const changes = difference.changes.length === 0 ? 'nothing' : describeChanges(difference.changes);
  return `Changed since ${difference.against}: ${changes}. ${rollouts}.`;
}

function clusterIssues({ nodes, events, missing }: Evidence): string {
  const unread = missing.filter((entry) => /^(?:node|events)/.test(entry));
  if (unread.length > 0 && nodes.length === 0) return `Not possible: ${unread.join('; ')}.`;
  const bad = nodes.filter(({ ready, pressure, unschedulable }) => !ready || pressure.length > 0 || unschedulable);
  const broken = bad.map(({ name, ready, pressure, unschedulable, reason }) =>
    [
      `node ${name}`,
      ready ? '' : `is not ready (${reason ?? 'no reason'})`,
      pressure.join(', '),
      unschedulable ? 'is cordoned' : '',
    ]
      .filter((part) => part !== '')
      .join(' '),
  );
  const state =
    broken.length > 0 ? broken.join('; ') : `${nodes.length} node(s) of its pods are ready, without pressure`;
  const warnings = events.filter(({ type }) => type === 'Warning');
  return `${state}. ${warnings.length === 0 ? 'No warning events' : `Events: ${describeEvents(warnings)}`}.`;
}

function dependencies({ dependencies: all }: Evidence): string {
  if (all.length === 0) return 'The runbook names no dependency.';
  return `${all.map(describeDependency).join('; ')}.`;
}

function applicationChanges({ pods, difference, revisions }: Evidence): string {
  const image = difference?.changes.find(({ what }) => what === 'image' || what === 'image digest');
  const running = [
    ...new Set(
      pods
        .flatMap((pod) => pod.containers)
        .filter(({ digest }) => digest !== '')
        .map(({ image: name, digest }) => `${name} (${digest.slice(0, 19)})`),
    ),
  ];
  const change =
    image === undefined
      ? 'The image is the same as before'
      : `The ${image.what} changed from ${image.before} to ${image.after}`;
  const cause = revisions.find(({ current }) => current)?.changeCause;
  return `${change}${cause === undefined ? '' : `; change cause: ${cause}`}. Running: ${running.length === 0 ? 'nothing yet' : running.join(', ')}. The code itself is not read: its repository is not known here.`;
}

function rollback({ revisions, target }: Evidence): string {
  const healthy = revisions
    .filter(({ current }) => !current)
    .filter(wasHealthy)
    .toSorted((a, b) => (b.seenHealthyAt ?? '').localeCompare(a.seenHealthyAt ?? ''))[0];
  const earlier =
    healthy ??
    revisions.find(({ current, ready }) => !current && ready > 0) ??
    revisions.find(({ current }) => !current);
  const history = revisions.slice(0, MOST_TOLD).map(revisionText).join('; ');
  if (revisions.some(({ current, healthyBaseline }) => current && healthyBaseline))
    return `The present revision is the one last seen healthy: a rollback would change nothing for the better. History: ${history}.`;
  if (earlier === undefined) return 'Not possible: there is no other revision in history.';
  const seen = earlier === healthy ? 'was seen healthy' : 'was never seen healthy by Kintsugi';
  const { namespace, name, kind } = target;
  const place = `${namespace}/${kind.toLowerCase()}/${name}`;
  const command = `kintsugi rollback ${place} --to-revision ${earlier.revision} --actor YOU`;
  return `Revision ${earlier.revision} (${earlier.images.join(', ')}) ${seen}: ${command}. History: ${history}.`;
}

const MOST_TOLD = 5;

function wasHealthy({ healthyBaseline, seenHealthyAt }: Evidence['revisions'][number]): boolean {
  return healthyBaseline || seenHealthyAt !== undefined;
}

function revisionText(revision: Evidence['revisions'][number]): string {
  const seen = wasHealthy(revision) ? `seen healthy ${revision.seenHealthyAt ?? ''}`.trim() : 'never seen healthy';
  return `${revision.revision}${revision.current ? ' (now)' : ''} ${seen}`;
}
