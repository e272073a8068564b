import { describe, expect, jest, test } from '@jest/globals';
import { actionNamed } from '../../src/actions/parameters.ts';
import { GUARD } from '../../src/actions/write/guard.ts';
import { differences } from '../../src/kubernetes/differences.ts';
import { isReady } from '../../src/kubernetes/pods.ts';
import { isBookkeepingPath, templateHash, toJson } from '../../src/kubernetes/template.ts';
import { readWorkload } from '../../src/kubernetes/workloads.ts';
import type { Target } from '../../src/recovery/values.ts';
import { contextFor, planned, RECOVERY } from '../actions/action-context.ts';
import { needs } from '../needs.ts';
import { planningWorld } from './planning-world.ts';
import { until } from './until.ts';
import { createDeployment, createHealthy, patchByHand, podsOf } from './workloads.ts';

needs('cluster');

// A real cluster schedules and starts pods: seconds as a rule.
jest.setTimeout(120_000);

const world = await planningWorld('pods');
const { kubernetes, image } = world;
const namespace = await world.namespace();
let count = 0;

describe('rollout-restart', () => {
  test('restarts a workload without a ready pod once, by Kubernetes own annotation', async () => {
    const target = nextTarget();
    await createDeployment(kubernetes, target, image, true);
    const action = actionNamed('rollout-restart');
    const context = contextFor(kubernetes, target);
    const plan = await planned(context, 'rollout-restart');
    const before = await readWorkload(kubernetes, target);
    expect(await action.apply(context, plan)).toBe('applied');
    expect(await action.apply(context, plan)).toBe('applied');
    const after = await readWorkload(kubernetes, target);
    const found = differences(toJson(before.raw.spec), toJson(after.raw.spec), '/spec');
    expect(found.every(({ path }) => isBookkeepingPath(path) || path.endsWith('/annotations'))).toBe(true);
    expect(after.generation).toBe(before.generation + 1);
    expect(templateHash(after.template)).toBe(templateHash(before.template));
    expect(plan.undo).toBe('none');
  });

  test('leaves ready pods alone', async () => {
    const target = nextTarget();
    await createHealthy(kubernetes, target, image);
    const action = actionNamed('rollout-restart');
    const context = contextFor(kubernetes, target);
    const plan = await planned(context, 'rollout-restart');
    expect(plan.changes).toEqual([]);
    expect(await action.apply(context, plan)).toBe('unchanged');
  });
});

describe('delete-pod', () => {
  test('deletes exactly the pod that is not ready, once, and lets a late one alone', async () => {
    const target = nextTarget();
    await createDeployment(kubernetes, target, image, true);
    const action = actionNamed('delete-pod');
    const context = contextFor(kubernetes, target);
    const plan = await action.plan(context, action.params.parse({}));
    const [doomed] = plan.changes.flatMap((change) => (change.type === 'delete' ? [change.object.uid] : []));
    expect(await action.apply(context, plan)).toBe('applied');
    expect(await action.apply(context, plan)).toBe('unchanged');
    await until('a new pod', async () => {
      const pods = await podsOf(kubernetes, target);
      return pods.length === 1 && pods[0]?.metadata?.uid !== doomed;
    });
    expect(await action.apply(context, plan)).toBe('unchanged');
    expect(await action.revert(context, plan)).toEqual({ outcome: 'not-needed' });
  });

  test('refuses where every pod is ready, and does not begin after a later step of the recovery', async () => {
    const target = nextTarget();
    await createHealthy(kubernetes, target, image);
    const action = actionNamed('delete-pod');
    const context = contextFor(kubernetes, target);
    expect((await action.plan(context, {})).refusal?.code).toBe('none-unready');
    const failing = nextTarget();
    await createDeployment(kubernetes, failing, image, true);
    const plan = await action.plan(contextFor(kubernetes, failing), {});
    await patchByHand(kubernetes, failing, { metadata: { annotations: { [GUARD]: `${RECOVERY}#9` } } });
    await expect(action.apply(contextFor(kubernetes, failing), plan)).rejects.toMatchObject({ code: 'refused' });
    expect((await podsOf(kubernetes, failing)).length).toBe(1);
  });
});

describe('wait-ready', () => {
  test('waits for the rollout, and says what it saw when it does not come in time', async () => {
    const action = actionNamed('wait-ready');
    const target = nextTarget();
    await createDeployment(kubernetes, target, image, false);
    const context = contextFor(kubernetes, target);
    const plan = await action.plan(context, action.params.parse({ timeout: '60s' }));
    expect(plan).toMatchObject({ waitSeconds: 60, undo: 'none', changes: [{ type: 'effect' }] });
    await expect(action.apply(context, plan)).resolves.toMatch(/applied|unchanged/);
    expect((await podsOf(kubernetes, target)).every(isReady)).toBe(true);
    const failing = nextTarget();
    await createDeployment(kubernetes, failing, image, true);
    const waits = await action.plan(contextFor(kubernetes, failing), action.params.parse({ timeout: '110s' }));
    await expect(action.apply(contextFor(kubernetes, failing), waits)).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(/0 of 1 pods are ready: app of app-\d+-\S+ has crashed [2-9] times since/),
    });
    const short = await action.plan(contextFor(kubernetes, failing), action.params.parse({ timeout: '1s' }));
    await expect(action.apply(contextFor(kubernetes, failing), short)).rejects.toMatchObject({
      code: 'timeout',
      retryable: false,
      message: expect.stringContaining('0 of 1 pods are ready'),
    });
  });
});

function nextTarget(): Target {
  count += 1;
  return { namespace, kind: 'Deployment', name: `app-${count}` };
}
