import { describe, expect, jest, test } from '@jest/globals';
import type { V1StatefulSet } from '@kubernetes/client-node';
import { actionNamed } from '../../src/actions/parameters.ts';
import { readRecipe } from '../../src/actions/write/guard.ts';
import { readWorkload } from '../../src/kubernetes/workloads.ts';
import { planned } from '../actions/action-context.ts';
import { needs } from '../needs.ts';
import { until } from './until.ts';
import { applyAndDie, contextOf, outcomeOf, revert, stateOf, stop } from './volume-world.ts';
import { volumesOfFile } from './volumes-of-file.ts';
import { deployment, patchByHand, statefulSet, untilRolledOut } from './workloads.ts';

needs('cluster');

// Pods start and end, and volumes are bound: seconds as a rule.
jest.setTimeout(120_000);

const { kubernetes, namespace, image, worker, volumeWorld } = await volumesOfFile('volumes', 'folder');

describe('stopping a target (scale: {to: 0})', () => {
  test('lists every pod and claim, stops pods and CronJob, waits until the claim is let go of, and is taken back whole', async () => {
    const of = await volumeWorld();
    const before = await stateOf(kubernetes, of);
    const context = contextOf(kubernetes, of);
    const plan = await planned(context, 'scale', { to: 0 });
    expect(plan.refusal).toBeUndefined();
    expect(plan.ask).toContain('stops every pod');
    const { items } = await kubernetes.core.listNamespacedPod({ namespace, labelSelector: `app=${of.target.name}` });
    for (const part of [items[0]?.metadata?.name, of.claim, before.volume, `CronJob ${of.target.name}-nightly`])
      expect(plan.summary).toContain(part);

    expect(await outcomeOf(context, plan)).toBe('applied');
    expect(await stateOf(kubernetes, of)).toEqual({ ...before, replicas: 0, suspended: true });
    const left = await kubernetes.core.listNamespacedPod({ namespace, labelSelector: `app=${of.target.name}` });
    expect(left.items).toEqual([]);
    expect(await outcomeOf(context, plan)).toBe('applied');
    expect(await outcomeOf({ ...context, step: 6 }, plan)).toBe('unchanged');

    expect(await revert(context, plan)).toEqual({ outcome: 'undone' });
    expect(await stateOf(kubernetes, of)).toEqual(before);
    expect(readRecipe((await readWorkload(kubernetes, of.target)).annotations)).toBeNull();
    await expect(actionNamed('scale').apply(context, plan)).rejects.toMatchObject({ code: 'refused' });
  });

  test('is brought back by scale: {to: before}, planned from the earlier plan or from what stands on the objects', async () => {
    const of = await volumeWorld();
    const before = await stateOf(kubernetes, of);
    const stopped = await stop(kubernetes, of);
    const context = contextOf(kubernetes, of);
    const fromRecipe = await planned(context, 'scale', { to: 'before' });
    const fromPlan = await planned({ ...context, earlier: [stopped] }, 'scale', { to: 'before' });
    expect(fromRecipe.changes).toHaveLength(2);
    expect(new Set(fromRecipe.changes.map((change) => JSON.stringify(change)))).toEqual(
      new Set(fromPlan.changes.map((change) => JSON.stringify(change))),
    );
    expect(await outcomeOf(context, fromPlan)).toBe('applied');
    expect(await stateOf(kubernetes, of)).toEqual(before);
    // Its undo stops again, which is what the undo of a restore needs.
    expect(await revert(context, fromPlan)).toEqual({ outcome: 'undone' });
    expect(await stateOf(kubernetes, of)).toEqual({ ...before, replicas: 0, suspended: true });
  });

  test.each([1, 2])('goes on, or back, from a worker that died with its write %i', async (at) => {
    const of = await volumeWorld();
    const before = await stateOf(kubernetes, of);
    const context = contextOf(kubernetes, of);
    const plan = await planned(context, 'scale', { to: 0 });
    expect(await applyAndDie(worker, context, plan, at)).toEqual({ done: false, writes: at });
    expect(await actionNamed('scale').hasWritten?.(context, plan)).toBe(true);
    expect(await outcomeOf(context, plan)).toBe('applied');
    expect(await stateOf(kubernetes, of)).toMatchObject({ replicas: 0, suspended: true });
    await revert(context, plan);
    expect(await stateOf(kubernetes, of)).toEqual(before);
  });

  test('is refused where another workload mounts the claim, unless it is named and stopped too', async () => {
    const of = await volumeWorld();
    const reader = deployment(namespace, image, 'reader');
    if (reader.spec?.template.spec !== undefined)
      reader.spec.template.spec.volumes = [{ name: 'data', persistentVolumeClaim: { claimName: of.claim } }];
    await kubernetes.apps.createNamespacedDeployment({ namespace, body: reader });
    const context = contextOf(kubernetes, of);
    const refused = await planned(context, 'scale', { to: 0 });
    expect(refused.refusal).toMatchObject({ code: 'claim-shared', reason: expect.stringContaining('reader') });
    const plan = await planned(context, 'scale', { to: 0, also: ['Deployment/reader'] });
    expect(plan.refusal).toBeUndefined();
    expect(await outcomeOf(context, plan)).toBe('applied');
    const { items } = await kubernetes.core.listNamespacedPod({ namespace });
    expect(items.filter(({ spec }) => JSON.stringify(spec?.volumes).includes(of.claim))).toEqual([]);
    expect(await revert(context, plan)).toEqual({ outcome: 'undone' });
    expect((await readWorkload(kubernetes, { ...of.target, name: 'reader' })).replicas).toBe(1);
  });

  test('keeps the claims of a StatefulSet that would delete them, under an autoscaler that then rests', async () => {
    const target = { namespace, kind: 'StatefulSet', name: 'store' };
    await kubernetes.apps.createNamespacedStatefulSet({ namespace, body: claimingSet() });
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: target.kind, name: target.name };
    await kubernetes.autoscaling.createNamespacedHorizontalPodAutoscaler({
      namespace,
      body: { metadata: { name: 'store' }, spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 3 } },
    });
    await untilRolledOut(kubernetes, target);
    const context = contextOf(kubernetes, { target, claim: 'data-store-0' });
    const plan = await planned(context, 'scale', { to: 0 });
    expect(plan.summary).toContain('at 0 HorizontalPodAutoscaler store lets it rest');
    expect(plan.summary).toContain('data-store-0');
    const fields = plan.changes.flatMap((change) => (change.type === 'field' ? [[change.path, change.after]] : []));
    expect(fields).toEqual([
      ['/spec/persistentVolumeClaimRetentionPolicy/whenScaled', { value: 'Retain' }],
      ['/spec/replicas', { value: 0 }],
    ]);
    expect(await outcomeOf(context, plan)).toBe('applied');
    const claim = await kubernetes.core.readNamespacedPersistentVolumeClaim({ namespace, name: 'data-store-0' });
    expect(claim.metadata?.deletionTimestamp).toBeUndefined();
    expect((await readWorkload(kubernetes, target)).replicas).toBe(0);
    expect(await revert(context, plan)).toEqual({ outcome: 'undone' });
    const { spec } = await kubernetes.apps.readNamespacedStatefulSet({ namespace, name: 'store' });
    expect([spec?.replicas, spec?.persistentVolumeClaimRetentionPolicy?.whenScaled]).toEqual([1, 'Delete']);
    await kubernetes.apps.deleteNamespacedStatefulSet({ namespace, name: 'store' });
  });

  test('is neither done nor taken back over a change by another hand', async () => {
    const of = await volumeWorld();
    const context = contextOf(kubernetes, of);
    const plan = await planned(context, 'scale', { to: 0 });
    await patchByHand(kubernetes, of.target, { spec: { replicas: 2 } });
    await expect(outcomeOf(context, plan)).rejects.toMatchObject({ code: 'conflict' });
    expect(await revert(context, plan)).toMatchObject({ outcome: 'refused' });
    expect((await readWorkload(kubernetes, of.target)).replicas).toBe(2);
  });
});

/** A StatefulSet whose claims go with their pods. */
function claimingSet(): V1StatefulSet {
  const body = statefulSet(namespace, image);
  const storage = { accessModes: ['ReadWriteOnce'], storageClassName: 'folder' };
  const template = { metadata: { name: 'data' }, spec: { ...storage, resources: { requests: { storage: '16Mi' } } } };
  if (body.spec === undefined) return body;
  const retention = { whenScaled: 'Delete', whenDeleted: 'Retain' };
  return {
    ...body,
    spec: { ...body.spec, volumeClaimTemplates: [template], persistentVolumeClaimRetentionPolicy: retention },
  };
}

describe('deleting a claim', () => {
  test('is refused while pods mount it, and names them', async () => {
    const of = await volumeWorld();
    const plan = await planned(contextOf(kubernetes, of), 'delete-claim', { claim: of.claim });
    expect(plan.refusal).toMatchObject({ code: 'in-use', reason: expect.stringContaining(of.target.name) });
  });

  test('keeps the volume, tells of it, and its undo binds it again with the policy of before', async () => {
    const of = await volumeWorld();
    const stopped = await stop(kubernetes, of);
    const before = await stateOf(kubernetes, of);
    const context = contextOf(kubernetes, of, { earlier: [stopped] });
    const plan = await planned(context, 'delete-claim', { claim: of.claim });
    expect(plan.refusal).toBeUndefined();
    expect(plan.dataLoss).toContain(before.volume);
    expect(plan.changes.map(({ type }) => type)).toEqual(['field', 'delete']);

    const done = await actionNamed('delete-claim').apply(context, plan);
    expect(done).toMatchObject({
      outcome: 'applied',
      saw: [expect.stringContaining(`kubectl delete pv ${before.volume}`)],
    });
    expect(await stateOf(kubernetes, of)).toMatchObject({ claim: 'gone' });
    const { spec, status } = await kubernetes.core.readPersistentVolume({ name: before.volume ?? '' });
    expect([spec?.persistentVolumeReclaimPolicy, status?.phase]).toEqual(['Retain', 'Released']);
    expect(await outcomeOf(context, plan)).toBe('applied');

    expect(await revert(context, plan)).toEqual({ outcome: 'undone' });
    expect(await stateOf(kubernetes, of)).toEqual(before);
    await revert({ ...context, step: 30 }, stopped);
    await until('the pod to mount it again', async () => {
      const { status: live } = await readWorkload(kubernetes, of.target);
      return live.ready === 1;
    });
    await expect(outcomeOf(context, plan)).rejects.toMatchObject({ code: 'refused' });
  });

  test.each([1, 2])('ends deleted, or as before, after a worker that died with its write %i', async (at) => {
    const of = await volumeWorld();
    const stopped = await stop(kubernetes, of);
    const before = await stateOf(kubernetes, of);
    const context = contextOf(kubernetes, of, { earlier: [stopped] });
    const plan = await planned(context, 'delete-claim', { claim: of.claim });
    expect(await applyAndDie(worker, context, plan, at)).toEqual({ done: false, writes: at });
    expect(await actionNamed('delete-claim').hasWritten?.(context, plan)).toBe(true);
    expect(await outcomeOf(context, plan)).toBe('applied');
    expect(await stateOf(kubernetes, of)).toMatchObject({ claim: 'gone' });
    await revert(context, plan);
    expect(await stateOf(kubernetes, of)).toEqual(before);
  });

  test.each([1, 2, 3, 4])(
    'is put back by a second worker where the first died with write %i of the undo',
    async (at) => {
      const of = await volumeWorld();
      await stop(kubernetes, of);
      const before = await stateOf(kubernetes, of);
      const context = contextOf(kubernetes, of);
      const plan = await planned(context, 'delete-claim', { claim: of.claim });
      await outcomeOf(context, plan);
      worker.proxy.dieAt = at;
      await expect(revert({ ...context, kubernetes: worker.kubernetes }, plan)).rejects.toMatchObject({
        retryable: true,
      });
      worker.proxy.dieAt = null;
      expect(await revert(context, plan)).toEqual({ outcome: 'undone' });
      expect(await stateOf(kubernetes, of)).toEqual(before);
    },
  );

  test('is not put back over a claim that another hand made meanwhile', async () => {
    const of = await volumeWorld();
    await stop(kubernetes, of);
    const context = contextOf(kubernetes, of);
    const plan = await planned(context, 'delete-claim', { claim: of.claim });
    await outcomeOf(context, plan);
    await kubernetes.core.createNamespacedPersistentVolumeClaim({
      namespace,
      body: {
        metadata: { name: of.claim },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '16Mi' } } },
      },
    });
    expect(await revert(context, plan)).toMatchObject({
      outcome: 'refused',
      saw: expect.stringContaining('another hand'),
    });
  });
});
