import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
import type { Action, ActionContext } from '../../src/actions/action.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import { GUARD, guardText, readRecipe } from '../../src/actions/write/guard.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { differences } from '../../src/kubernetes/differences.ts';
import { atPointer, isBookkeepingPath, templateHash, toJson } from '../../src/kubernetes/template.ts';
import { readWorkload } from '../../src/kubernetes/workloads.ts';
import type { Plan, Target } from '../../src/recovery/values.ts';
import { contextFor, RECOVERY } from '../actions/action-context.ts';
import { needs, provided } from '../needs.ts';
import { startFakeRegistry } from '../registry/fake-registry.ts';
import { FIELD_ACTIONS, type FieldAction, type FieldWorld } from './field-actions.ts';
import { startLosingProxy } from './losing-proxy.ts';
import { readerKubeconfig } from './namespace.ts';
import { planningWorld } from './planning-world.ts';
import { providePullableImage } from './pullable-image.ts';
import { until } from './until.ts';
import { createHealthy, patchByHand } from './workloads.ts';

needs('cluster');

// A real cluster schedules and starts pods: seconds as a rule.
jest.setTimeout(120_000);

const { kubernetes, image, namespace: newNamespace } = await planningWorld('actions');
const namespace = await newNamespace();
await providePullableImage(kubernetes, namespace, 'busybox');
const registry = await startFakeRegistry();
const folder = await mkdtemp(join(tmpdir(), 'kintsugi-actions-'));
let count = 0;

afterAll(async () => {
  await registry.close();
  await rm(folder, { recursive: true });
});

const world: FieldWorld = { kubernetes, namespace, image, registry: registry.url };

// A node takes 110 pods at most: what one test made must not stand beside that of all the others.
afterEach(async () => {
  await kubernetes.apps.deleteCollectionNamespacedDeployment({ namespace });
});

describe.each(FIELD_ACTIONS.map((row) => ({ as: '', ...row })))('$name $as', (row) => {
  test('plans exactly what apply then changes, without writing anything or showing a secret', async () => {
    const { target, action, context } = await arranged(row);
    const before = await readWorkload(kubernetes, target);
    const plan = await planned(action, context, row);
    expect(plan.refusal).toBeUndefined();
    expect((await readWorkload(kubernetes, target)).generation).toBe(before.generation);
    expect(JSON.stringify(plan)).not.toMatch(/first secret|second secret/);

    expect(await applied(action, context, plan)).toBe('applied');

    const after = await readWorkload(kubernetes, target);
    const found = differences(toJson(before.raw.spec), toJson(after.raw.spec), '/spec');
    const notes = differences(before.annotations, after.annotations, '/metadata/annotations');
    const own = notes.filter(({ path }) => !isBookkeepingPath(path) && !path.endsWith('~1revision'));
    expect([...found, ...own].map(({ path }) => path).sort()).toEqual(
      fields(plan)
        .map(({ path }) => path)
        .sort(),
    );
    for (const change of fields(plan))
      if ('value' in change.after) expect(atPointer(toJson(after.raw), change.path)).toEqual(change.after.value);
    expect(after.annotations[GUARD]).toBe(guardText({ recoveryId: RECOVERY, step: 5 }));
    expect(readRecipe(after.annotations)?.plans).toEqual([plan]);
    expect(after.template.metadata?.annotations ?? {}).not.toHaveProperty([GUARD]);
  });

  test('applied twice equals once, and is unchanged for another step', async () => {
    const { target, action, context } = await arranged(row);
    const plan = await planned(action, context, row);
    await action.apply(context, plan);
    const once = await readWorkload(kubernetes, target);
    expect(await applied(action, context, plan)).toBe('applied');
    expect(await applied(action, { ...context, step: 6 }, plan)).toBe('unchanged');
    expect((await readWorkload(kubernetes, target)).generation).toBe(once.generation);
  });

  test('is made once when its answer is lost, and is still known as applied', async () => {
    const { target, action, context } = await arranged(row);
    const plan = await planned(action, context, row);
    const before = await readWorkload(kubernetes, target);
    const proxy = await startLosingProxy(provided('cluster'));
    try {
      const path = join(folder, `proxy-${count}`);
      await writeFile(path, proxy.kubeconfig);
      const through = { ...context, kubernetes: connectKubernetes({ kubeconfig: path }) };
      proxy.lose = 1;
      await expect(action.apply(through, plan)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
      expect(await applied(action, through, plan)).toBe('applied');
    } finally {
      await proxy.close();
    }
    // The generation of a Deployment counts changes of its annotations too (kubernetes pkg/registry/apps/deployment/strategy.go).
    expect((await readWorkload(kubernetes, target)).generation).toBe(before.generation + 1);
    expect(await action.revert({ ...context, step: 9 }, plan)).toMatchObject({ outcome: 'undone' });
  });

  test('is taken back to the very template and replicas of before', async () => {
    const { target, action, context } = await arranged(row);
    const before = await readWorkload(kubernetes, target);
    const plan = await planned(action, context, row);
    await action.apply(context, plan);
    expect(await action.revert({ ...context, step: 9 }, plan)).toMatchObject({ outcome: 'undone' });
    const after = await readWorkload(kubernetes, target);
    expect(templateHash(after.template)).toBe(templateHash(before.template));
    expect(after.replicas).toBe(before.replicas);
    expect(readRecipe(after.annotations)).toBeNull();
    expect(await action.revert({ ...context, step: 9 }, plan)).toMatchObject({ outcome: 'undone' });
    expect(await action.revert({ ...context, step: 10 }, plan)).toMatchObject({ outcome: 'not-needed' });
  });

  test('is neither applied nor taken back over a change by another hand', async () => {
    const { target, action, context } = await arranged(row);
    const plan = await planned(action, context, row);
    await patchByHand(kubernetes, target, row.foreign);
    await expect(action.apply(context, plan)).rejects.toMatchObject({ code: 'conflict', retryable: false });
    const foreign = await readWorkload(kubernetes, target);
    const result = await action.revert({ ...context, step: 9 }, plan);
    expect(result).toMatchObject({ outcome: 'refused', saw: expect.stringContaining('changed by another hand') });
    expect((await readWorkload(kubernetes, target)).generation).toBe(foreign.generation);
  });

  test('a late write after its undo is refused and writes nothing', async () => {
    const { target, action, context } = await arranged(row);
    const plan = await planned(action, context, row);
    expect(await action.revert({ ...context, step: 9 }, plan)).toMatchObject({ outcome: 'not-needed' });
    const undone = await readWorkload(kubernetes, target);
    await expect(action.apply(context, plan)).rejects.toMatchObject({
      code: 'refused',
      where: expect.stringContaining(GUARD),
    });
    expect((await readWorkload(kubernetes, target)).generation).toBe(undone.generation);
  });

  test('another open recovery that has written holds it off, one that has ended does not', async () => {
    const { target, action, context } = await arranged(row);
    const plan = await planned(action, context, row);
    await patchByHand(kubernetes, target, { metadata: { annotations: { [GUARD]: 'recovery/other@12345678#3' } } });
    const whileOpen = { ...context, isRunOpen: async () => true };
    await expect(action.apply(whileOpen, plan)).rejects.toMatchObject({ code: 'refused' });
    expect(await applied(action, context, plan)).toBe('applied');
  });

  test('says that the object is gone, or may not be written', async () => {
    const { target, action, context } = await arranged(row);
    const plan = await planned(action, context, row);
    const reader = { ...context, kubernetes: await asReader() };
    await expect(action.apply(reader, plan)).rejects.toMatchObject({
      code: 'forbidden',
      where: `patch deployments ${namespace}/${target.name}`,
      retryable: false,
    });
    await kubernetes.apps.deleteNamespacedDeployment({ name: target.name, namespace });
    await until('the Deployment to go', async () => gone(target));
    await expect(action.apply(context, plan)).rejects.toMatchObject({ code: 'not-found' });
    expect(await action.revert({ ...context, step: 9 }, plan)).toMatchObject({ outcome: 'refused' });
    await createHealthy(kubernetes, target, image);
    await expect(action.apply(context, plan)).rejects.toMatchObject({
      message: expect.stringContaining('another of its name'),
    });
  });
});

function nextTarget(): Target {
  count += 1;
  return { namespace, kind: 'Deployment', name: `app-${count}` };
}

async function arranged(
  row: FieldAction,
): Promise<{ target: Target; action: Action<unknown>; context: ActionContext }> {
  const target = nextTarget();
  const over = await row.arrange(world, target);
  return { target, action: actionNamed(row.name), context: contextFor(kubernetes, target, over) };
}

async function planned(action: Action<unknown>, context: ActionContext, row: FieldAction): Promise<Plan> {
  return action.plan({ ...context, step: 0 }, action.params.parse(row.params));
}

/** What apply did; some actions tell what they saw besides. */
async function applied(action: Action<unknown>, context: ActionContext, plan: Plan): Promise<string> {
  const done = await action.apply(context, plan);
  return typeof done === 'string' ? done : done.outcome;
}

async function gone(target: Target): Promise<boolean> {
  const list = await kubernetes.apps.listNamespacedDeployment({ namespace });
  return list.items.every(({ metadata }) => metadata?.name !== target.name);
}

function fields(plan: Plan) {
  return plan.changes.flatMap((change) => (change.type === 'field' ? [change] : []));
}

/** The same cluster as a user who may read everything there and write nothing. */
async function asReader(): Promise<Kubernetes> {
  const path = join(folder, 'reader');
  await writeFile(path, await readerKubeconfig(kubernetes, namespace));
  return connectKubernetes({ kubeconfig: path });
}
