import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { SNAPSHOT_CLASS, STORAGE_CLASS } from '../../dev/cluster/snapshot-support.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { deleteSnapshot } from '../../src/kubernetes/snapshots.ts';
import { orNull, patchVolume, readClaim, readVolume } from '../../src/kubernetes/volumes.ts';
import { needs, provided } from '../needs.ts';
import { byHand, createSnapshotWorld, fromSnapshot, type SnapshotWorld, sized } from './snapshot-world.ts';
import { until } from './until.ts';

needs('cluster', 'snapshots');

jest.setTimeout(120_000);

/** What the development cluster itself promises of volumes with snapshots; the actions on volumes build on it. */

const { signal } = byHand;
const CONTENTS = { group: 'snapshot.storage.k8s.io', version: 'v1', plural: 'volumesnapshotcontents' };
let kubernetes: Kubernetes;
let world: SnapshotWorld;

beforeAll(async () => {
  kubernetes = connectKubernetes({ kubeconfig: provided('cluster') });
  world = await createSnapshotWorld(kubernetes);
  await world.createClaim('data');
  await world.runPod('writer', 'data');
  await world.inPod(
    'writer',
    'cd /data; echo before > state; chmod 640 state; chown 1234:5678 state; ln -s state link',
  );
  await world.takeSnapshot('before', 'data');
  await world.snapshotThat('before', ({ ready }) => ready);
  await world.inPod('writer', 'cd /data; echo after > state; rm link');
});

afterAll(() => world.remove());

async function changeVolume(name: string, operation: Parameters<typeof patchVolume>[2][number]): Promise<void> {
  const volume = await kubernetes.core.readPersistentVolume({ name });
  await patchVolume(kubernetes, volume, [operation], byHand);
}

const isPending = async (name: string) =>
  (await readClaim(kubernetes, { namespace: world.namespace, name }, signal))?.status?.phase === 'Pending';

describe('a snapshot', () => {
  test('says the size that it needs and when it was taken', async () => {
    const snapshot = await world.snapshotThat('before', ({ ready }) => ready);
    expect(snapshot).toMatchObject({ restoreSize: '16Mi', className: SNAPSHOT_CLASS });
    const { spec } = await world.volumeOf('data');
    expect(spec?.csi?.driver).toBe((await kubernetes.storage.readStorageClass({ name: STORAGE_CLASS })).provisioner);
    const { metadata } = await kubernetes.core.readNamespace({ name: world.namespace });
    expect(Date.parse(snapshot.takenAt)).toBeGreaterThan(metadata?.creationTimestamp?.valueOf() ?? Number.NaN);
    expect(Date.parse(snapshot.takenAt)).toBeLessThan(Date.now());
  });

  test('gives a new claim what the old one had then, with owners and modes, and neither sees what the other writes', async () => {
    await world.createClaim('restored', fromSnapshot('before'));
    await world.runPod('reader', 'restored');
    await expect(world.inPod('reader', 'cd /data; cat link; stat -c "%a %u %g" state')).resolves.toBe(
      'before\n640 1234 5678\n',
    );
    await world.inPod('reader', 'echo mine > /data/state');
    await expect(world.inPod('writer', 'cat /data/state')).resolves.toBe('after\n');
  });

  test('is refused to a claim that asks for less than it needs, which the claim’s event says', async () => {
    await world.createClaim('small', { ...fromSnapshot('before'), ...sized('8Mi') });
    const message = await world.eventOf('small', 'ProvisioningFailed');
    expect(message).toContain(`snapshot ${world.namespace}/before: it needs 16Mi, 8Mi is requested`);
    await expect(isPending('small')).resolves.toBe(true);
    await world.deleteClaim('small');
  });

  test('that is not ready is refused until it is', async () => {
    await world.takeSnapshot('early', 'late');
    await world.snapshotThat('early', ({ error }) => error !== undefined);
    await world.createClaim('waiting', fromSnapshot('early'));
    await expect(world.eventOf('waiting', 'ProvisioningFailed')).resolves.toMatch(/it is not (bound|ready)/);
    await expect(isPending('waiting')).resolves.toBe(true);
    await world.createClaim('late');
    await world.volumeOf('waiting');
  });

  test('of a volume that no CSI driver made is refused with the reason', async () => {
    const name = `plain-${world.namespace}`;
    const claimRef = { namespace: world.namespace, name: 'plain' };
    const size = { capacity: { storage: '16Mi' }, accessModes: ['ReadWriteOnce'] };
    const spec = { ...size, hostPath: { path: '/var/empty' }, claimRef };
    await kubernetes.core.createPersistentVolume({ body: { metadata: { name }, spec } });
    try {
      await world.createClaim('plain', { storageClassName: '', volumeName: name });
      await world.volumeOf('plain');
      await world.takeSnapshot('plain', 'plain');
      const { error, ready } = await world.snapshotThat('plain', (snapshot) => snapshot.error !== undefined);
      expect(error).toContain(`cannot find CSI PersistentVolumeSource for volume ${name}`);
      expect(ready).toBe(false);
    } finally {
      await kubernetes.core.deletePersistentVolume({ name });
    }
  });

  test('can be deleted without harm to the claim that was made from it', async () => {
    const snapshot = await world.snapshotThat('before', ({ ready }) => ready);
    await deleteSnapshot(kubernetes, snapshot, signal);
    const content = { ...CONTENTS, name: snapshot.content ?? '' };
    await until('the end of its content', async () => {
      return (await orNull(kubernetes.custom.getClusterCustomObject(content))) === null;
    });
    await expect(world.inPod('reader', 'cat /data/link')).resolves.toBe('mine\n');
  });
});

describe('a volume', () => {
  test('that is retained keeps its data when its claim is deleted, for a claim that names it', async () => {
    const name = (await world.volumeOf('data')).metadata?.name ?? '';
    await changeVolume(name, { op: 'replace', path: '/spec/persistentVolumeReclaimPolicy', value: 'Retain' });
    await world.deletePod('writer');
    await world.deleteClaim('data');
    await until('the volume to be released', async () => {
      return (await readVolume(kubernetes, name, signal))?.status?.phase === 'Released';
    });
    // Whose it is next, without the UID of the claim that is gone.
    const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: world.namespace, name: 'data' };
    await changeVolume(name, { op: 'replace', path: '/spec/claimRef', value: claimRef });
    await world.createClaim('data', { volumeName: name });
    await world.runPod('writer', 'data');
    await expect(world.inPod('writer', 'cat /data/state')).resolves.toBe('after\n');
    await changeVolume(name, { op: 'replace', path: '/spec/persistentVolumeReclaimPolicy', value: 'Delete' });
  });

  test('goes with its claim, once no pod has it mounted', async () => {
    const name = (await world.volumeOf('restored')).metadata?.name ?? '';
    await world.deletePod('reader');
    await world.deleteClaim('restored');
    await until('the end of the volume', async () => (await readVolume(kubernetes, name, signal)) === null);
  });
});
