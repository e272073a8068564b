import { SUBJECT_KINDS, type SubjectKind } from '../../diagnosis/collect/subject.ts';
import { KintsugiError } from '../../errors.ts';
import { closest, suggest } from '../../faults/closest.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { isObjectName } from '../../recovery/ids.ts';
import type { Target } from '../../recovery/values.ts';

/** What may be diagnosed, as a person names it; and what to say when it is not there. */

/** Short names as kubectl has them (`kubectl api-resources`), besides singular and plural in any case. */
const SHORT: Readonly<Record<string, SubjectKind>> = {
  deploy: 'Deployment',
  sts: 'StatefulSet',
  ds: 'DaemonSet',
  po: 'Pod',
  cj: 'CronJob',
  rs: 'ReplicaSet',
};

/** Parses `namespace/kind/name`. @throws KintsugiError `invalid`, with the kinds that there are */
export function diagnosedTarget(text: string): Target {
  const [namespace = '', kindText = '', name = '', ...rest] = text.split('/');
  if (namespace === '' || kindText === '' || name === '' || rest.length > 0)
    throw wrong(`"${text}" is not namespace/kind/name`, text, 'Give it like bruno/deployment/agent-bruno.');
  const kind = kindOf(kindText);
  if (kind === undefined)
    throw wrong(
      `there is no kind "${kindText}" to diagnose`,
      text,
      suggest(
        kindText,
        SUBJECT_KINDS.map((known) => known.toLowerCase()),
      ),
    );
  for (const part of [namespace, name])
    if (!isObjectName(part))
      throw wrong(
        `"${part}" cannot be the name of a Kubernetes object`,
        text,
        'Names are lower-case letters, digits, dashes and dots.',
      );
  return { namespace, kind, name };
}

function kindOf(text: string): SubjectKind | undefined {
  const lower = text.toLowerCase();
  return SHORT[lower] ?? SUBJECT_KINDS.find((kind) => [kind.toLowerCase(), `${kind.toLowerCase()}s`].includes(lower));
}

function wrong(message: string, where: string, fix: string): KintsugiError {
  return new KintsugiError('invalid', message, { where, fix });
}

/** What to say of a target that is not there: the nearest names of its kind, the same name of another kind, the nearest namespace. */
export async function notThere(kubernetes: Kubernetes, target: Target): Promise<KintsugiError> {
  const { namespace, kind, name } = target;
  const where = `${namespace}/${kind.toLowerCase()}/${name}`;
  const message = `there is no ${kind} ${name} in namespace ${namespace}`;
  const names = await namesByKind(kubernetes, namespace).catch(() => null);
  if (names === null)
    return new KintsugiError('not-found', message, { where, fix: 'Check the name and the namespace.' });
  const all = SUBJECT_KINDS.flatMap((other) => names[other].map((known) => ({ kind: other, name: known })));
  if (all.length === 0)
    return new KintsugiError('not-found', message, { where, fix: await namespaceFix(kubernetes, namespace) });
  const other = all.find((known) => known.name === name);
  if (other !== undefined)
    return new KintsugiError('not-found', message, {
      where,
      fix: `did you mean ${namespace}/${other.kind.toLowerCase()}/${name}?`,
    });
  const own = names[SUBJECT_KINDS.find((known) => known === kind) ?? 'Deployment'];
  return new KintsugiError('not-found', message, { where, fix: nearest(name, own, kind, namespace) });
}

const MOST_NAMES = 12;

function nearest(name: string, own: string[], kind: string, namespace: string): string {
  if (own.length === 0) return `Namespace ${namespace} has no ${kind}s.`;
  const near = closest(name, own) ?? own.find((known) => known.startsWith(name) || name.startsWith(known)) ?? null;
  const list = `there ${own.length === 1 ? 'is' : 'are'}: ${own.slice(0, MOST_NAMES).join(', ')}${own.length > MOST_NAMES ? ' ...' : ''}`;
  return near === null ? list : `did you mean ${near}? ${list}`;
}

async function namespaceFix(kubernetes: Kubernetes, namespace: string): Promise<string> {
  const list = await kubernetes.core.listNamespace().catch(() => null);
  const known = (list?.items ?? []).map(({ metadata }) => metadata?.name ?? '');
  if (known.includes(namespace)) return `Namespace ${namespace} is empty.`;
  const near = closest(namespace, known);
  return near === null
    ? `There is no namespace ${namespace}.`
    : `There is no namespace ${namespace}; did you mean ${near}?`;
}

async function namesByKind(
  { core, apps, batch }: Kubernetes,
  namespace: string,
): Promise<Record<SubjectKind, string[]>> {
  const [deployments, statefulSets, daemonSets, jobs, pods, cronJobs, replicaSets] = await Promise.all([
    apps.listNamespacedDeployment({ namespace }),
    apps.listNamespacedStatefulSet({ namespace }),
    apps.listNamespacedDaemonSet({ namespace }),
    batch.listNamespacedJob({ namespace }),
    core.listNamespacedPod({ namespace }),
    batch.listNamespacedCronJob({ namespace }),
    apps.listNamespacedReplicaSet({ namespace }),
  ]);
  return {
    Deployment: namesOf(deployments),
    StatefulSet: namesOf(statefulSets),
    DaemonSet: namesOf(daemonSets),
    Job: namesOf(jobs),
    Pod: namesOf(pods),
    CronJob: namesOf(cronJobs),
    ReplicaSet: namesOf(replicaSets),
  };
}

function namesOf({ items }: { items: { metadata?: { name?: string } }[] }): string[] {
  return items.flatMap(({ metadata }) => metadata?.name ?? []);
}
