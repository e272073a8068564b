import type { V1Job } from '@kubernetes/client-node';
import { currentRevision, type OwnedWorkload, type Revision } from '../../kubernetes/revisions.ts';
import { canonicalText, toJson } from '../../kubernetes/template.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { ActionContext } from '../action.ts';
import { ask, FINE, together, type Verdict } from './verdict.ts';

/** A migration's Job usually runs shortly before the rollout that needs it. */
const BEFORE_ROLLOUT_MS = 10 * 60_000;

/** Between a revision and the present one, whatever may have changed data asks: init containers, Jobs, Helm hooks (safety 6). */
export async function noMigrations(context: ActionContext, owned: OwnedWorkload, to: Revision): Promise<Verdict> {
  return together(initContainers(owned, to), await jobs(context, owned, to));
}

function initContainers({ workload, revisions }: OwnedWorkload, to: Revision): Verdict {
  const span = [
    workload.template,
    ...revisions.filter(({ revision }) => revision > to.revision).map((r) => r.template),
  ];
  const target = canonicalText(toJson(to.template.spec?.initContainers ?? []));
  const differ = span.some(({ spec }) => canonicalText(toJson(spec?.initContainers ?? [])) !== target);
  return differ ? ask('its init containers differ since that revision: they may have migrated data') : FINE;
}

async function jobs(context: ActionContext, owned: OwnedWorkload, to: Revision): Promise<Verdict> {
  const { workload, revisions } = owned;
  const since = currentRevision(workload, revisions)?.createdAt ?? to.createdAt;
  const { kubernetes, signal } = context;
  const list = await kubernetes.batch.listNamespacedJob({ namespace: workload.namespace }, callOptions({ signal }));
  const suspects = list.items.filter((job) => startedSince(job, since) && mayMigrate(job, workload, to));
  if (suspects.length === 0) return FINE;
  return ask(
    `Job ${suspects.map((job) => job.metadata?.name).join(', ')} ran since that revision and may have migrated data`,
  );
}

function startedSince(job: V1Job, since: string): boolean {
  const created = job.metadata?.creationTimestamp?.getTime() ?? 0;
  return created >= Date.parse(since) - BEFORE_ROLLOUT_MS;
}

/** By a Helm hook, by its name, by the app's own image, or by the app's labels; a CronJob's run is no migration. */
function mayMigrate(job: V1Job, workload: OwnedWorkload['workload'], to: Revision): boolean {
  const { name = '', annotations = {}, labels = {}, ownerReferences = [] } = job.metadata ?? {};
  if (ownerReferences.some(({ kind }) => kind === 'CronJob')) return false;
  const repositories = new Set((to.template.spec?.containers ?? []).map(({ image }) => repositoryOf(image)));
  const images = job.spec?.template.spec?.containers.map(({ image }) => repositoryOf(image)) ?? [];
  const selected = Object.entries(workload.selector.matchLabels ?? {}).some(([key, value]) => labels[key] === value);
  return (
    annotations['helm.sh/hook'] !== undefined ||
    /migrat|schema|upgrade/i.test(name) ||
    images.some((image) => repositories.has(image)) ||
    selected
  );
}

function repositoryOf(image = ''): string {
  return image.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
}
