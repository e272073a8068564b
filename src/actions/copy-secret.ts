import type { V1Secret } from '@kubernetes/client-node';
import { z } from 'zod';
import { KintsugiError } from '../errors.ts';
import type { OwnedWorkload } from '../kubernetes/revisions.ts';
import { canonicalText, toJson } from '../kubernetes/template.ts';
import { callOptions } from '../kubernetes/transport.ts';
import type { ObjectRef } from '../recovery/values.ts';
import { askPull } from '../registry/pull.ts';
import { PULL_SECRET_TYPE, type PullSecret, readPullSecret } from '../registry/pull-secrets.ts';
import type { Action, ActionContext, RevertResult, WriteContext } from './action.ts';
import { COPY_SECRET, copyArgs } from './plan/copies.ts';
import { READ_WORKLOAD } from './plan/permissions.ts';
import { readTarget } from './plan/subject.ts';
import { FINE, judged, refuse, together, type Verdict } from './rules/verdict.ts';
import { checkTarget, guardUndo } from './write/created.ts';
import { GUARD, guardText } from './write/guard.ts';
import { FIELD_MANAGER } from './write/patch.ts';

const params = z.strictObject({
  name: z.string().describe('The pull secret that the pods name'),
  from: z
    .strictObject({
      namespace: z.string().describe('Where a good one stands'),
      name: z.string().optional().describe('Its name there; by default the same'),
    })
    .describe('What is copied'),
});

/**
 * Copies a pull secret into the target's namespace, only where there is none (safety 12): one that stands there is never
 * overwritten. The content goes from one call to the next; plans, events and logs hold names, the type and a keyed hash.
 */
const copySecret: Action<z.infer<typeof params>> = {
  name: COPY_SECRET,
  summary: 'Copies a pull secret that is missing from another namespace; never over one that is there',
  params,
  disruptive: false,
  harm: () => null,
  permissions: (given) => [
    ...READ_WORKLOAD,
    { group: '', resource: 'secrets', verbs: ['create'] },
    // Asked without parameters too, for what the action may need at all.
    { group: '', resource: 'secrets', ...(given?.name === undefined ? {} : { name: given.name }), verbs: ['delete'] },
  ],
  async plan(context, { name, from }) {
    const owned = await readTarget(context);
    const { namespace } = owned.workload;
    const source = { namespace: from.namespace, name: from.name ?? name };
    const to = { namespace, name };
    const [content, secret, present] = [
      await readSecret(context, source),
      await readPullSecret(context.kubernetes, source, context.signal),
      await readSecret(context, to),
    ];
    const verdict = together(
      isNamed(owned, name),
      isAbsent(to, present),
      isPullSecret(secret),
      secret.state === 'usable' ? await opensRegistry(context, owned, secret) : FINE,
    );
    return {
      action: COPY_SECRET,
      summary: `Copy pull secret ${source.namespace}/${source.name} to ${namespace}/${name}, which does not exist`,
      risk: 'low',
      undo: 'on-failure',
      changes: [{ type: 'create', object: refOf(to) }],
      args: {
        from: { ...source, uid: content?.metadata?.uid ?? '' },
        to,
        type: content?.type ?? '',
        hmac: hmacOf(context, content),
      },
      waitSeconds: 0,
      ...judged(verdict),
    };
  },
  async apply(context, plan) {
    const { from, to, type, hmac } = copyArgs.parse(plan.args);
    const present = await readSecret(context, to);
    if (present !== null && isOwn(context, present)) return 'applied';
    await checkTarget(context);
    if (present !== null) throw standsThere(to);
    const source = await readSecret(context, from);
    if (source === null || source.metadata?.uid !== from.uid || hmacOf(context, source) !== hmac)
      throw new KintsugiError('conflict', 'the secret to copy is not the one that was planned', {
        where: `Secret ${from.namespace}/${from.name}`,
        fix: 'Plan the remedy again.',
        retryable: false,
      });
    const made = await create(context, to, type, source);
    await takeBackIfLate(context, made);
    return 'applied';
  },
  async revert(context, plan) {
    const { to, type, hmac } = copyArgs.parse(plan.args);
    return (await guardUndo(context)) ?? remove(context, to, { type, hmac });
  },
  async hasWritten(context, plan) {
    const present = await readSecret(context, copyArgs.parse(plan.args).to);
    return present !== null && isOwn(context, present);
  },
};
export default copySecret;

function refOf({ namespace, name }: { namespace: string; name: string }): ObjectRef {
  return { apiVersion: 'v1', kind: 'Secret', namespace, name };
}

function isNamed({ workload, pods }: OwnedWorkload, name: string): Verdict {
  const specs = [workload.template.spec, ...pods.map(({ spec }) => spec)];
  const isUsed = specs.some((spec) => spec?.imagePullSecrets?.some((secret) => secret.name === name));
  return isUsed ? FINE : refuse('not-named', `no pod of ${workload.name} names a pull secret ${name}`);
}

function isAbsent(to: { namespace: string; name: string }, present: V1Secret | null): Verdict {
  if (present === null) return FINE;
  const type = present.type ?? 'Opaque';
  const where = `${to.namespace}/${to.name}`;
  if (type === PULL_SECRET_TYPE) return refuse('is-there', `pull secret ${where} is there already`);
  return refuse('wrong-type', `Secret ${where} is there with type ${type}, and nothing is ever overwritten`);
}

function isPullSecret({ namespace, name, state, type }: PullSecret): Verdict {
  const what = `${namespace}/${name}`;
  if (state === 'absent') return refuse('no-source', `there is no Secret ${what} to copy`);
  if (state === 'unreadable') return refuse('source-unreadable', `Secret ${what} may not be read by Kintsugi`);
  if (state === 'usable' && type === PULL_SECRET_TYPE) return FINE;
  return refuse('wrong-type', `Secret ${what} is of type ${type ?? 'Opaque'}, not ${PULL_SECRET_TYPE}`);
}

/** What is copied must be what is missing: the registry lets its user pull every image of the template that asks for one. */
async function opensRegistry(
  context: ActionContext,
  { workload }: OwnedWorkload,
  secret: PullSecret,
): Promise<Verdict> {
  const { mirrors, signal } = context;
  const images = new Set((workload.template.spec?.containers ?? []).flatMap(({ image }) => image ?? []));
  const answers = await Promise.all([...images].map((image) => askPull(image, [secret], { mirrors, signal })));
  if (answers.some(({ kind }) => kind === 'pullable')) return FINE;
  return refuse('does-not-open', `with it nothing could be pulled: ${answers.map(({ saw }) => saw).join('; ')}`);
}

async function readSecret(
  { kubernetes, signal }: WriteContext,
  place: { namespace: string; name: string },
): Promise<V1Secret | null> {
  try {
    const { namespace, name } = place;
    return await kubernetes.core.readNamespacedSecret({ namespace, name }, callOptions({ signal }));
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return null;
    throw error;
  }
}

function hmacOf({ secrets }: WriteContext, secret: V1Secret | null): string {
  return secret === null ? '' : secrets.hmac(canonicalText(toJson(secret.data ?? {})));
}

function isOwn(context: WriteContext, { metadata }: V1Secret): boolean {
  return metadata?.annotations?.[GUARD] === guardText(context);
}

async function create(
  context: WriteContext,
  { namespace, name }: { namespace: string; name: string },
  type: string,
  source: V1Secret,
): Promise<V1Secret> {
  context.heartbeat(`copying Secret ${namespace}/${name}`);
  const labels = { 'app.kubernetes.io/managed-by': 'kintsugi' };
  const annotations = { [GUARD]: guardText(context) };
  try {
    return await context.kubernetes.core.createNamespacedSecret(
      {
        namespace,
        body: { metadata: { name, labels, annotations }, type, data: source.data ?? {} },
        fieldManager: FIELD_MANAGER,
      },
      callOptions({ signal: context.signal }),
    );
  } catch (error) {
    // Somebody made one in between: it stays as it is.
    if (error instanceof KintsugiError && error.code === 'conflict') throw standsThere({ namespace, name });
    throw error;
  }
}

/** A copy that was made after its undo had looked is taken away again by the one that made it (durability 3). */
async function takeBackIfLate(context: WriteContext, made: V1Secret): Promise<void> {
  try {
    await checkTarget(context);
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'refused') await deleteVery(context, made);
    throw error;
  }
}

/** Deletes the copy, that very one and as it was made. */
async function remove(
  context: WriteContext,
  place: { namespace: string; name: string },
  made: { type: string; hmac: string },
): Promise<RevertResult> {
  const present = await readSecret(context, place);
  if (present === null) return { outcome: 'not-needed' };
  const what = `Secret ${place.namespace}/${place.name}`;
  const guard = present.metadata?.annotations?.[GUARD] ?? '';
  if (!guard.startsWith(`${context.recoveryId}#`)) return { outcome: 'refused', saw: `${what} is not our copy` };
  if (present.type !== made.type || hmacOf(context, present) !== made.hmac)
    return { outcome: 'refused', saw: `${what} was changed by another hand since it was copied` };
  await deleteVery(context, present);
  return { outcome: 'undone' };
}

async function deleteVery({ kubernetes, signal }: WriteContext, { metadata }: V1Secret): Promise<void> {
  const { namespace = '', name = '', uid = '', resourceVersion = '' } = metadata ?? {};
  try {
    await kubernetes.core.deleteNamespacedSecret(
      { namespace, name, body: { preconditions: { uid, resourceVersion } } },
      callOptions({ signal }),
    );
  } catch (error) {
    if (!(error instanceof KintsugiError) || error.code !== 'not-found') throw error;
  }
}

function standsThere({ namespace, name }: { namespace: string; name: string }): KintsugiError {
  return new KintsugiError('conflict', 'a Secret of that name is there now, and nothing is ever overwritten', {
    where: `Secret ${namespace}/${name}`,
    fix: 'Diagnose again: somebody else works on it.',
    retryable: false,
  });
}
