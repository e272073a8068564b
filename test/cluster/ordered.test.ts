import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readState } from '../../dev/cluster/state.ts';
import { IMAGES } from '../../dev/images/catalogue.ts';
import { provideImages } from '../../dev/images/provide.ts';
import { forgetBaselines } from '../../dev/world/baseline.ts';
import { templateHash } from '../../src/kubernetes/template.ts';
import { readWorkload } from '../../src/kubernetes/workloads.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { kintsugi, kintsugiJson } from '../cli/command.ts';
import { needs, provided } from '../needs.ts';
import { alertOf, type ChaosWorld, kill, type Scene, sendAlert, startChaosWorld, untilRecord } from './chaos-world.ts';
import { createService, servingApp } from './serving-app.ts';
import { until } from './until.ts';
import { patchByHand, untilRolledOut } from './workloads.ts';

needs('cluster', 'temporal');

jest.setTimeout(300_000);

const BUSYBOX = IMAGES.busybox.reference;
let world: ChaosWorld<'copy' | 'place' | 'back'>;

/** What nobody mends: the test's runbook knows no remedy for it, so a person is paged, who gives orders. */
beforeAll(async () => {
  await provideImages({ registry: readState()?.access?.registry }, ['busybox'], () => undefined);
  world = await startChaosWorld({ copy: {}, place: {}, back: {} });
}, 240_000);

afterAll(() => world?.stop(), 60_000);

const isPaged = ({ pages }: RecoveryRecord) =>
  pages.some(({ rungs }) => rungs.some(({ tries }) => tries.some(({ taken }) => taken)));

/** Breaks the scene's app as a bad change of its settings does, and waits until a person was paged for it. */
async function brokenAndPaged(scene: Scene): Promise<void> {
  // What the tag stands for now: a node that keeps an older image of it would have its digest pinned.
  const body = servingApp(scene.namespace, 'app', { imagePullPolicy: 'Always' });
  await world.kubernetes.apps.createNamespacedDeployment({ namespace: scene.namespace, body });
  await untilRolledOut(world.kubernetes, scene.target);
  // Started anew with another name in its environment, the program misses the one that it wants; nothing of it is left ready.
  await patchByHand(world.kubernetes, scene.target, {
    spec: {
      strategy: { type: 'Recreate', rollingUpdate: null },
      template: { spec: { containers: [{ name: 'app', env: [{ name: 'APP_NAME', $patch: 'delete' }] }] } },
    },
  });
  await until('it to crash', async () => {
    const { items } = await world.kubernetes.core.listNamespacedPod({ namespace: scene.namespace });
    return items.some(({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) > 0);
  });
  await sendAlert(world, alertOf(scene));
  await untilRecord(world, scene, isPaged);
}

const order = (command: string[]) =>
  kintsugi([...command, '--actor', 'ana', '--reason', 'to see it'], world.kintsugi.environment).then(
    ({ exitCode, stderr }) =>
      expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' }),
  );

describe('a person who was paged', () => {
  test('looks around in a copy, is told what it reaches, and it is gone when its time is over', async () => {
    const scene = world.scenes.copy;
    await brokenAndPaged(scene);
    await createService(world.kubernetes, scene.namespace, 'app');
    const before = await readWorkload(world.kubernetes, scene.target);
    await order(['debug', scene.workflowId, '--image', BUSYBOX, '--duration', '20s']);
    const standing = await untilRecord(world, scene, ({ attempts }) => attempts.at(-1)?.stage === 'standing');
    const saw = standing.record.attempts.at(-1)?.actions[0]?.saw ?? [];
    expect(saw[0]).toMatch(/^a shell in it: kubectl exec -it -n /);
    const over = await untilRecord(world, scene, ({ attempts }) => attempts.at(-1)?.stage === 'undone');
    expect(over.record.attempts.at(-1)).toMatchObject({ why: 'its time is over', ordered: { by: 'ana' } });
    const after = await readWorkload(world.kubernetes, scene.target);
    expect(templateHash(after.template)).toBe(templateHash(before.template));
    expect(after.annotations).not.toHaveProperty('kintsugi.dev/undo');
    await until('the debug pod to go', async () => {
      const { items } = await world.kubernetes.core.listNamespacedPod({
        namespace: scene.namespace,
        labelSelector: 'kintsugi.dev/debug-session',
      });
      return items.length === 0;
    });
    await order(['close', scene.workflowId]);
  });

  test('looks around in its place by approval, and gets the very template back though the worker is killed meanwhile', async () => {
    const scene = world.scenes.place;
    await brokenAndPaged(scene);
    const before = await readWorkload(world.kubernetes, scene.target);
    await order(['debug', scene.workflowId, '--image', BUSYBOX, '--duration', '20s', '--mode', 'in-place']);
    await untilRecord(world, scene, ({ attempts }) => attempts.at(-1)?.stage === 'asked');
    await order(['approve', scene.workflowId]);
    await untilRecord(world, scene, ({ attempts }) => attempts.at(-1)?.stage === 'standing');
    const during = await readWorkload(world.kubernetes, scene.target);
    expect(during.template.spec?.containers[0]).toMatchObject({ image: BUSYBOX, command: ['sleep', '20'] });
    await kill(world.kintsugi.worker);
    await world.kintsugi.startWorker();
    const over = await untilRecord(world, scene, ({ attempts }) => attempts.at(-1)?.stage === 'undone');
    const undo = over.record.attempts.at(-1)?.actions[0]?.undo;
    expect({ outcome: undo?.outcome, stands: undo?.stands }).toEqual({ outcome: 'undone' });
    const after = await readWorkload(world.kubernetes, scene.target);
    expect(templateHash(after.template)).toBe(templateHash(before.template));
    await order(['close', scene.workflowId]);
  });

  test('goes back to an earlier revision, whose history is shown, once it is approved by the CLI, and the page is resolved by that', async () => {
    const scene = world.scenes.back;
    await brokenAndPaged(scene);
    const { namespace } = scene;
    const { answer } = await kintsugiJson(['history', `${namespace}/deployment/app`], {
      KUBECONFIG: provided('cluster'),
    });
    expect(answer).toMatchObject({
      target: scene.target,
      revisions: [
        { revision: '2', current: true },
        { revision: '1', current: false, digests: [expect.stringMatching(/^(sha256:|$)/)] },
      ],
    });
    // A slow start may have let the first revision be recorded as healthy: without that a person has to agree.
    await forgetBaselines(world.kubernetes, 'kintsugi', [namespace]);
    await order(['rollback', scene.workflowId, '--to-revision', '1']);
    const { record } = await untilRecord(
      world,
      scene,
      ({ attempts, recovered }) => attempts.at(-1)?.stage === 'asked' || recovered !== null,
    );
    expect(record).toMatchObject({ recovered: null, pages: [{ resolved: null }] });
    const asked = record.attempts.at(-1);
    expect(asked).toMatchObject({ remedy: 'rollback to revision 1', stage: 'asked', actions: [] });
    expect(asked?.approval?.why).toContain('nothing shows that revision 1 was ever healthy');
    const approve = [
      'approve',
      scene.workflowId,
      '--attempt',
      String(asked?.n),
      '--digest',
      asked?.approval?.digest ?? '',
    ];
    await order(approve);
    const recovered = await untilRecord(world, scene, (now) => now.recovered !== null);
    expect(recovered.record.recovered?.by).toBe('person');
    expect(recovered.record.attempts.at(-1)).toMatchObject({
      remedy: 'rollback to revision 1',
      stage: 'verified',
      approval: { by: ['ana'] },
    });
    expect(recovered.events).toContainEqual(
      expect.objectContaining({ kind: 'order', name: 'approve', actor: 'ana', accepted: true, verified: false }),
    );
    await untilRecord(world, scene, ({ pages }) => pages[0]?.resolved != null);
    const { recoveryId } = record;
    const messages = world.pages.pages.map(({ body }) => body).filter((body) => body.recoveryId === recoveryId);
    expect(messages[0]).toMatchObject({ event: 'trigger', key: `${recoveryId}/1` });
    expect(messages.at(-1)).toMatchObject({
      event: 'resolve',
      key: `${recoveryId}/1`,
      reason: 'the remedy that a person ordered verified: the target is healthy',
    });
    await order(['close', scene.workflowId]);
  });
});
