import type { EscalationStep, Finding } from '../recovery/values.ts';
import { shortened } from '../recovery/words.ts';
import { contactText, listedSteps } from '../recovery/written-steps.ts';
import type { escalationStepIds } from '../runbook/schema/escalation.ts';
import type { RunbookSpec } from '../runbook/schema.ts';
import { describeDependency } from './dependency-state.ts';
import { describeChanges, describeEvents } from './describe.ts';
import type { Evidence } from './evidence.ts';

type StepId = (typeof escalationStepIds)[number];

const LONGEST = 900;

/** Takes each written escalation step as far as a machine can, and says what was found, or that its source is absent. */
export function takeSteps(evidence: Evidence, findings: readonly Finding[], spec: RunbookSpec): EscalationStep[] {
  return listedSteps(spec).map(({ id, text }) => {
    const found = shortened(TAKEN[id](evidence, spec, findings), LONGEST);
    return id === 'rollback'
      ? { id, text, found, foundInObserve: shortened(rollbackText(evidence, byHand), LONGEST) }
      : { id, text, found };
  });
}

const TAKEN: Record<StepId, (evidence: Evidence, spec: RunbookSpec, findings: readonly Finding[]) => string> = {
  'recent-changes': recentChanges,
  'cluster-issues': clusterIssues,
  dependencies,
  'application-changes': applicationChanges,
  contact: (_, spec) => contactText(spec),
  rollback: (evidence) => rollbackText(evidence, byOrder),
};

/** What counts as recent. */
const RECENT_MS = 12 * 3_600_000;

/** What was changed in the last hours, the last first, with who and when; then how the template differs, and the history. */
function recentChanges(evidence: Evidence): string {
  const { difference, revisions } = evidence;
  const recent = changesOf(evidence)
    .filter(({ at }) => Date.parse(evidence.takenAt) - Date.parse(at) <= RECENT_MS)
    .toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at))
    .map(({ at, what }) => `${timeText(at)} ${what}`);
  const hours = `Last 12 h: ${recent.length === 0 ? 'no change of it, its configuration or its release' : recent.join('; ')}.`;
  const history = revisions
    .slice(0, 3)
    .map(
      ({ revision, createdAt, images, changeCause }) =>
        `revision ${revision} of ${createdAt} (${images.join(', ')}${changeCause === undefined ? '' : `; ${changeCause}`})`,
    );
  const rollouts = history.length === 0 ? 'no rollout history can be read' : history.join('; ');
  if (difference === null)
    return `${hours} Not possible to compare: neither a healthy baseline nor an earlier revision. ${rollouts}.`;
  const changes = difference.changes.length === 0 ? 'nothing' : describeChanges(difference.changes);
  return `${hours} Changed since ${difference.against}: ${changes}. ${rollouts}.`;
}

function changesOf({ revisions, references, delivery = [] }: Evidence): { at: string; what: string }[] {
  return [
    ...revisions.map(({ revision, createdAt, images, digests = [] }) => ({
      at: createdAt,
      what: `revision ${revision}: ${images.map((image, i) => withDigest(image, digests[i])).join(', ')}`,
    })),
    ...references.flatMap(({ kind, name, changed }) =>
      changed?.at === undefined ? [] : [{ at: changed.at, what: `${kind} ${name}, by ${changed.manager}` }],
    ),
    ...delivery.flatMap(({ owner, revision, at }) => (at === undefined ? [] : [{ at, what: `${owner}: ${revision}` }])),
  ];
}

/** `03:15:04Z`, with its day. */
function timeText(time: string): string {
  const at = new Date(time);
  return Number.isNaN(at.valueOf()) ? time : at.toISOString().slice(5, 16).replace('T', ' ');
}

function withDigest(image: string, digest = ''): string {
  return digest === '' || image.includes('@') ? image : `${image}@${digest.slice(0, 19)}`;
}

function clusterIssues({ nodes, events, missing, cluster = {} }: Evidence): string {
  const unread = missing.filter((entry) => /^(?:node|events)/.test(entry));
  if (unread.length > 0 && nodes.length === 0 && cluster.nodes === undefined)
    return `Not possible: ${unread.join('; ')}.`;
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
  const wide = [
    standing('nodes of the cluster', cluster.nodes),
    standing('pods of kube-system', cluster.system),
    cluster.others === undefined ? unreadable('other workloads') : othersText(cluster.others),
  ];
  const warnings = events.filter(({ type }) => type === 'Warning');
  const told = warnings.length === 0 ? 'No warning events' : `Events: ${describeEvents(warnings)}`;
  return `${state}. ${wide.join('; ')}. ${told}.`;
}

type Counted = NonNullable<NonNullable<Evidence['cluster']>['nodes']>;

/** "2 of 5 nodes of the cluster are unwell: n1, n2" */
function standing(what: string, seen: Counted | undefined): string {
  if (seen === undefined) return unreadable(what);
  const { count, unwell, more } = seen;
  if (unwell.length === 0) return `all ${count} ${what} are well`;
  return `${unwell.length + more} of ${count} ${what} are not well: ${named(seen)}`;
}

function othersText(seen: Counted): string {
  return seen.unwell.length === 0 ? 'no other workload lacks pods' : `other workloads that lack pods: ${named(seen)}`;
}

function named({ unwell, more }: Counted): string {
  return `${unwell.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}

function unreadable(what: string): string {
  return `${what}: could not be read`;
}

function dependencies({ dependencies: all }: Evidence): string {
  if (all.length === 0) return 'The runbook names no dependency.';
  return `${all.map(describeDependency).join('; ')}.`;
}

function applicationChanges({ pods, difference, revisions, builds = [] }: Evidence): string {
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
  const built = builds.map(buildText).join(' ');
  const code =
    built === ''
      ? 'The code itself is not read: no commit is known to compare'
      : `${built} The code itself is not read`;
  return `${change}${cause === undefined ? '' : `; change cause: ${cause}`}. Running: ${running.length === 0 ? 'nothing yet' : running.join(', ')}. ${code}.`;
}

/** "Built from commit 0f3a (2026-01-31 02:10), before from 9c1b: https://github.com/x/y/compare/9c1b...0f3a." */
function buildText({ now, before, source }: NonNullable<Evidence['builds']>[number]): string {
  const from = ({ image, digest, commit, created }: typeof now): string => {
    const when = created === undefined ? '' : `, built ${created.slice(0, 16).replace('T', ' ')}`;
    return `${withDigest(image, digest)} (${commit === undefined ? 'its image names no commit' : `commit ${commit.slice(0, 12)}`}${when})`;
  };
  const compare =
    source !== undefined &&
    now.commit !== undefined &&
    before.commit !== undefined &&
    source.startsWith('https://github.com/')
      ? ` Compare: ${source.replace(/\.git$/, '')}/compare/${before.commit}...${now.commit}`
      : '';
  return `Now ${from(now)}; before ${from(before)}.${compare}`;
}

/** How a revision is gone back to. */
type Way = (target: Evidence['target'], revision: string, wasHealthy: boolean) => string;

/** The command that shows its plan and asks for what it must. */
const byOrder: Way = ({ namespace, name, kind }, revision, isKnown) => {
  const command = `kintsugi rollback ${namespace}/${kind.toLowerCase()}/${name} --to-revision ${revision} --actor YOU`;
  return `${command}${isKnown ? '' : ' (it then waits for kintsugi approve)'}`;
};

/** Where an order would be refused. */
const byHand: Way = ({ namespace, name, kind }, revision) => {
  const command = `kubectl -n ${namespace} rollout undo ${kind.toLowerCase()}/${name} --to-revision=${revision}`;
  return `Kintsugi writes nothing here (mode observe), so by hand: ${command}`;
};

/** Which revision is gone back to, what that would change, and how it is done. */
function rollbackText({ revisions, target, difference }: Evidence, way: Way): string {
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
  const how = way(target, earlier.revision, earlier === healthy);
  return `Revision ${earlier.revision} (${earlier.images.join(', ')}) ${seen}: ${how}. It would change ${wouldChange(earlier, revisions, difference)}. History: ${history}.`;
}

type Revision = Evidence['revisions'][number];

/** What going back would change, as far as the evidence has it: the template's difference the other way round, else the images. */
function wouldChange(earlier: Revision, revisions: Evidence['revisions'], difference: Evidence['difference']): string {
  const isOfIt =
    difference?.kind === 'baseline' ? earlier.healthyBaseline : difference?.against === `revision ${earlier.revision}`;
  // A ConfigMap or Secret is no part of a revision: going back does not bring its former content.
  const changes = (difference?.changes ?? []).filter(({ what }) => !/^(?:Secret|ConfigMap)\//.test(what));
  if (isOfIt && changes.length > 0)
    return describeChanges(changes.map((change) => ({ ...change, before: change.after, after: change.before })));
  const current = revisions.find((revision) => revision.current);
  const images = earlier.images.flatMap((image, i) => {
    const now = current?.images[i] ?? '';
    return now === image || now === '' ? [] : [`image: ${now} -> ${image}`];
  });
  return images.length === 0
    ? 'the template, not the image; the plan shows each field before it is done'
    : `${images.join('; ')}; the plan shows each field before it is done`;
}

const MOST_TOLD = 5;

function wasHealthy({ healthyBaseline, seenHealthyAt }: Evidence['revisions'][number]): boolean {
  return healthyBaseline || seenHealthyAt !== undefined;
}

function revisionText(revision: Evidence['revisions'][number]): string {
  const seen = wasHealthy(revision) ? `seen healthy ${revision.seenHealthyAt ?? ''}`.trim() : 'never seen healthy';
  return `${revision.revision}${revision.current ? ' (now)' : ''} ${seen}`;
}
