import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { needs } from '../needs.ts';
import { alertOf, type ChaosWorld, sendAlert, startChaosWorld, untilRecord, workflowIdOf } from './chaos-world.ts';
import { createCrashingApp } from './crashing-app.ts';

needs('cluster', 'temporal');

type SceneName = 'watched' | 'forbidden' | 'gone' | 'other';

/** What Kintsugi does where it must not act, and with what it is told wrongly. */
describe('Kintsugi where it only observes, may not act, or is told of the wrong thing', () => {
  let world: ChaosWorld<SceneName>;

  beforeAll(async () => {
    world = await startChaosWorld({
      // It has the rights to act: only the mode keeps it from writing.
      watched: { auto: false, mayAct: true, deadline: '20s' },
      forbidden: { mayAct: false },
      gone: { named: false },
      other: { named: false },
    });
  }, 240_000);

  afterAll(async () => {
    await world?.stop();
  }, 60_000);

  test('in observe it writes nothing outside its own namespace, shows the plan, and pages at the deadline, not earlier', async () => {
    const scene = world.scenes.watched;
    await createCrashingApp(world.kubernetes, scene.namespace);
    await sendAlert(world, alertOf(scene));
    const { record } = await untilRecord(world, scene, isPaged);

    const [attempt] = record.attempts;
    expect(attempt).toMatchObject({ remedy: 'raise-memory', stage: 'planned', actions: [] });
    expect(attempt?.plans[0]?.changes).toEqual(
      expect.arrayContaining([expect.objectContaining({ path: expect.stringContaining('limits/memory') })]),
    );
    const [page] = pagesOf(record);
    expect(page?.at).toBeGreaterThanOrEqual(Date.parse(record.episode.deadline));
    expect(page?.at).toBeLessThanOrEqual(Date.parse(record.episode.deadline) + 5_000);

    const writes = world
      .audit()
      .filter(({ verb }) => !['get', 'list', 'watch'].includes(verb))
      .filter(({ requestURI }) => !requestURI.includes('dryRun=All'))
      // Asking what one may do is a create that leaves nothing behind.
      .filter(({ objectRef }) => objectRef.resource !== 'selfsubjectaccessreviews')
      .filter(({ objectRef }) => objectRef.namespace !== 'kintsugi');
    expect(writes).toEqual([]);
    expect(world.audit().length).toBeGreaterThan(0);
  }, 240_000);

  test('without the role to act it changes nothing and pages at once with what it may not do', async () => {
    const scene = world.scenes.forbidden;
    await createCrashingApp(world.kubernetes, scene.namespace);
    await sendAlert(world, alertOf(scene));
    const { record } = await untilRecord(world, scene, isPaged);
    expect(record.now < record.episode.deadline).toBe(true);
    expect(JSON.stringify(pagesOf(record)[0]?.body)).toMatch(/forbidden|cannot/);
  }, 240_000);

  test('an alert without a namespace is refused with the reason where only the alert could say which workload', async () => {
    const { alert } = world.scenes.gone;
    const answer = await sendAlert(world, { alertname: alert, pod: 'app-1' });
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.body).toContain('the alert has no label \\"namespace\\"');
  });

  test('an alert about a pod that is gone, its workload too, ends in a page that says so', async () => {
    const scene = world.scenes.gone;
    const pod = { namespace: scene.namespace, kind: 'Pod', name: 'nobody-5c9d8b7f6d-xk2vz' };
    await createCrashingApp(world.kubernetes, scene.namespace);
    await sendAlert(world, { ...alertOf(scene), pod: pod.name });
    const { record } = await untilRecord(world, { workflowId: workflowIdOf(world.cluster, pod) }, isPaged);
    expect(record.ownerGone).toMatchObject({ healthy: false });
    expect(JSON.stringify(pagesOf(record)[0]?.body)).toContain('the pod is gone');
  }, 240_000);

  test("a workload that is not the runbook's is left alone, and a person is paged", async () => {
    const scene = world.scenes.other;
    const { namespace } = scene;
    const stranger = await createCrashingApp(world.kubernetes, namespace, 'stranger');
    const { items } = await world.kubernetes.core.listNamespacedPod({ namespace, labelSelector: 'app=stranger' });
    await sendAlert(world, { ...alertOf(scene), pod: items[0]?.metadata?.name ?? '' });
    const { record } = await untilRecord(world, { workflowId: workflowIdOf(world.cluster, stranger) }, isPaged);
    expect(record.now < record.episode.deadline).toBe(true);
    expect(record.attempts.flatMap(({ actions }) => actions)).toEqual([]);
    expect(JSON.stringify(pagesOf(record)[0]?.body)).toContain('app=app');
  }, 240_000);

  /** The messages that people got about a recovery. */
  function pagesOf({ recoveryId }: RecoveryRecord) {
    return world.pages.pages.filter(({ idempotencyKey }) => idempotencyKey.includes(recoveryId));
  }
});

function isPaged({ pages }: RecoveryRecord): boolean {
  return pages.some(({ rungs }) => rungs.some(({ tries }) => tries.some(({ taken }) => taken)));
}
