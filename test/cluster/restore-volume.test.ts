import { describe, expect, jest, test } from '@jest/globals';
import { actionNamed } from '../../src/actions/parameters.ts';
import { readSnapshot } from '../../src/kubernetes/snapshots.ts';
import type { Plan } from '../../src/recovery/values.ts';
import { planned } from '../actions/action-context.ts';
import { needs } from '../needs.ts';
import {
  applyAndDie,
  contextOf,
  deleteSnapshotByHand,
  outcomeOf,
  revert,
  stateOf,
  stop,
  takeSnapshot,
  type VolumeWorld,
} from './volume-world.ts';
import { volumesOfFile } from './volumes-of-file.ts';

needs('cluster', 'snapshots');

// Pods start and end, snapshots are taken and volumes bound: seconds as a rule.
jest.setTimeout(120_000);

const signal = new AbortController().signal;
const { kubernetes, namespace, worker, volumeWorld } = await volumesOfFile('restore', 'kosmos-csi');

/** A target on a claim with a snapshot, stopped: what the next actions work on. */
async function stoppedWorld(): Promise<VolumeWorld & { snapshot: string; earlier: Plan[] }> {
  const of = await volumeWorld();
  const snapshot = await takeSnapshot(kubernetes, of, `nightly-${of.target.name}`);
  return { ...of, snapshot, earlier: [await stop(kubernetes, of)] };
}

describe('a safety snapshot', () => {
  test('is refused while pods may write, and taken of the same claim once they have stopped', async () => {
    const of = await stoppedWorld();
    const context = contextOf(kubernetes, of, { earlier: of.earlier });
    const plan = await planned(context, 'snapshot-volume', { claim: of.claim });
    expect(plan.refusal).toBeUndefined();
    expect(plan.summary).toContain('class kosmos-snapshots');
    expect(await planned(context, 'snapshot-volume', { claim: of.claim })).toEqual(plan);

    const done = await actionNamed('snapshot-volume').apply(context, plan);
    expect(done).toMatchObject({ outcome: 'applied', saw: [expect.stringContaining('kubectl delete volumesnapshot')] });
    const { name } = named(plan);
    expect(await readSnapshot(kubernetes, { namespace, name }, signal)).toMatchObject({
      usable: true,
      claim: of.claim,
    });
    expect(await outcomeOf(context, plan)).toBe('applied');
    // The next one of the same recovery is another.
    expect(named(await planned(context, 'snapshot-volume', { claim: of.claim })).name).not.toBe(name);

    expect(await revert(context, plan)).toMatchObject({ outcome: 'not-needed', stands: expect.stringContaining(name) });
    expect((await readSnapshot(kubernetes, { namespace, name }, signal))?.usable).toBe(true);
    await expect(outcomeOf({ ...context, step: 4 }, plan)).rejects.toMatchObject({ code: 'conflict' });

    await revert({ ...context, step: 30 }, of.earlier[0] ?? plan);
    const running = contextOf(kubernetes, of);
    expect((await planned(running, 'snapshot-volume', { claim: of.claim })).refusal?.code).toBe('in-use');
  });

  test('that was asked for by a worker that died is waited for by the next, and taken once', async () => {
    const of = await stoppedWorld();
    const context = contextOf(kubernetes, of, { earlier: of.earlier });
    const plan = await planned(context, 'snapshot-volume', { claim: of.claim });
    expect(await applyAndDie(worker, context, plan, 1)).toEqual({ done: false, writes: 1 });
    expect(await actionNamed('snapshot-volume').hasWritten?.(context, plan)).toBe(true);
    expect(await outcomeOf(context, plan)).toBe('applied');
    const { items } = await listByHand();
    expect(items.filter(({ metadata }) => metadata.name.startsWith(`kintsugi-${of.claim}`))).toHaveLength(1);
  });
});

describe('restoring a claim under the same name', () => {
  test('plans from the newest snapshot with all that there are, keeps the old volume, and is taken back to it', async () => {
    const of = await stoppedWorld();
    const before = await stateOf(kubernetes, of);
    const context = contextOf(kubernetes, of, { earlier: of.earlier });
    const plan = await planned(context, 'restore-volume', { claim: of.claim });
    expect(plan.refusal).toBeUndefined();
    for (const part of [of.snapshot, 's old', '16Mi', 'ready', before.volume]) expect(plan.summary).toContain(part);
    expect(plan.dataLoss).toContain('is not on the restored volume');
    expect(plan.changes.map(({ type }) => type)).toEqual(['field', 'delete', 'create', 'effect']);

    expect(await outcomeOf(context, plan)).toBe('applied');
    const restored = await stateOf(kubernetes, of);
    expect(restored).toMatchObject({ claim: 'Bound', labels: before.labels });
    expect(restored.volume).not.toBe(before.volume);
    const old = await kubernetes.core.readPersistentVolume({ name: before.volume ?? '' });
    expect([old.spec?.persistentVolumeReclaimPolicy, old.status?.phase]).toEqual(['Retain', 'Released']);
    expect(await outcomeOf(context, plan)).toBe('applied');

    expect(await revert(context, plan)).toMatchObject({
      outcome: 'undone',
      stands: expect.stringContaining(`kubectl delete pv ${restored.volume}`),
    });
    expect(await stateOf(kubernetes, of)).toEqual(before);
    const kept = await kubernetes.core.readPersistentVolume({ name: restored.volume ?? '' });
    expect(kept.spec?.persistentVolumeReclaimPolicy).toBe('Retain');
    await kubernetes.core.deletePersistentVolume({ name: restored.volume ?? '' });
    expect(await revert(context, plan)).toMatchObject({ outcome: 'undone' });
    await expect(outcomeOf(context, plan)).rejects.toMatchObject({ code: 'refused' });
  });

  test.each([1, 2, 3])('ends restored after a worker that died with its write %i, or as before', async (at) => {
    const of = await stoppedWorld();
    const before = await stateOf(kubernetes, of);
    const context = contextOf(kubernetes, of, { earlier: of.earlier });
    const plan = await planned(context, 'restore-volume', { claim: of.claim, snapshot: of.snapshot });
    expect(await applyAndDie(worker, context, plan, at)).toEqual({ done: false, writes: at });
    expect(await actionNamed('restore-volume').hasWritten?.(context, plan)).toBe(true);
    if (at !== 2) expect(await outcomeOf(context, plan)).toBe('applied');
    expect(await revert(context, plan)).toMatchObject({ outcome: 'undone' });
    expect(await stateOf(kubernetes, of)).toEqual(before);
  });

  test('whose snapshot somebody deletes in the middle fails clearly, and is undone to the old volume', async () => {
    const of = await stoppedWorld();
    const before = await stateOf(kubernetes, of);
    const context = contextOf(kubernetes, of, { earlier: of.earlier });
    const plan = await planned(context, 'restore-volume', { claim: of.claim, snapshot: of.snapshot });
    await applyAndDie(worker, context, plan, 2);
    await deleteSnapshotByHand(kubernetes, { namespace, name: of.snapshot });
    await expect(outcomeOf(context, plan)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining(`snapshot-gone: VolumeSnapshot ${of.snapshot} was deleted`),
    });
    expect(await revert(context, plan)).toMatchObject({ outcome: 'undone' });
    expect(await stateOf(kubernetes, of)).toEqual(before);
  });

  test("takes the team's own restore-pvc.yaml, shows it, and refuses one that does not fit", async () => {
    const of = await stoppedWorld();
    const context = contextOf(kubernetes, of, { earlier: of.earlier });
    const manifest = (storage: string) => `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${of.claim}, namespace: ${namespace}, labels: { restored: "yes" } }
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: kosmos-csi
  resources: { requests: { storage: ${storage} } }
  dataSource: { apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: ${of.snapshot} }
`;
    await kubernetes.core.createNamespacedConfigMap({
      namespace,
      body: {
        metadata: { name: 'restore-pvc' },
        data: { 'restore-pvc.yaml': manifest('32Mi'), small: manifest('1Mi') },
      },
    });
    const refused = await planned(context, 'restore-volume', { claim: of.claim, manifest: 'restore-pvc/small' });
    expect(refused.refusal?.code).toBe('too-small');
    const plan = await planned(context, 'restore-volume', { claim: of.claim, manifest: 'restore-pvc' });
    expect(JSON.stringify(plan.changes)).toContain('32Mi');
    expect(await outcomeOf(context, plan)).toBe('applied');
    expect(await stateOf(kubernetes, of)).toMatchObject({ claim: 'Bound', labels: { restored: 'yes' } });
  });
});

describe('restoring into a new claim', () => {
  test('leads the Deployment to it, whoever of two workers finishes, and back', async () => {
    const of = await stoppedWorld();
    const before = await stateOf(kubernetes, of);
    const context = contextOf(kubernetes, of, { earlier: of.earlier });
    const plan = await planned(context, 'restore-volume', { claim: of.claim, as: 'new' });
    expect(plan.refusal).toBeUndefined();
    expect(await applyAndDie(worker, context, plan, 1)).toEqual({ done: false, writes: 1 });
    expect(await actionNamed('restore-volume').hasWritten?.(context, plan)).toBe(true);
    expect(await outcomeOf(context, plan)).toBe('applied');
    const name = `${of.claim}-from-${of.snapshot}`;
    expect(await stateOf(kubernetes, of)).toEqual({ ...before, mounts: [name] });
    expect(await outcomeOf(context, plan)).toBe('applied');
    expect(await revert(context, plan)).toMatchObject({ outcome: 'undone', stands: expect.stringContaining(name) });
    expect(await stateOf(kubernetes, of)).toEqual(before);
  });
});

function named({ changes }: Plan): { name: string } {
  const [change] = changes;
  if (change?.type !== 'create') throw new Error('the plan creates a snapshot');
  return change.object;
}

function listByHand(): Promise<{ items: { metadata: { name: string } }[] }> {
  return kubernetes.custom.listNamespacedCustomObject({
    group: 'snapshot.storage.k8s.io',
    version: 'v1',
    namespace,
    plural: 'volumesnapshots',
  });
}
