import { afterEach, describe, expect, test } from '@jest/globals';
import { hasDriver } from '../../dev/cluster/api.ts';
import { missingForSnapshots } from '../../dev/cluster/snapshot-support.ts';
import { type FakeApi, startFakeApi } from '../kubernetes/fake-api.ts';

const SNAPSHOT_CLASSES = 'GET /apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses';
const STORAGE_CLASSES = 'GET /apis/storage.k8s.io/v1/storageclasses';

let api: FakeApi;
afterEach(() => api.close());

async function missingWith(answers: FakeApi['answers']): Promise<string | undefined> {
  api = await startFakeApi(answers);
  return missingForSnapshots(api.kubeconfig);
}

const snapshotClasses = (driver: string) => ({ items: [{ metadata: { name: 'kosmos-snapshots' }, driver }] });
const storageClasses = { items: [{ metadata: { name: 'kosmos-csi' }, provisioner: 'csi.example.com' }] };

describe('for volume snapshots a cluster', () => {
  test('lacks everything where their kinds are not served', async () => {
    await expect(missingWith({})).resolves.toBe(
      'the kinds of snapshot.storage.k8s.io, and a CSI driver with StorageClass kosmos-csi',
    );
  });

  test('lacks a class of volumes that can be copied', async () => {
    const answers = { [SNAPSHOT_CLASSES]: { items: [] }, [STORAGE_CLASSES]: { items: [] } };
    await expect(missingWith(answers)).resolves.toBe('StorageClass kosmos-csi of a CSI driver that takes snapshots');
  });

  test('lacks a class of snapshots where the one there is another driver’s', async () => {
    const answers = {
      [SNAPSHOT_CLASSES]: snapshotClasses('csi.elsewhere.com'),
      [STORAGE_CLASSES]: storageClasses,
    };
    await expect(missingWith(answers)).resolves.toBe('VolumeSnapshotClass kosmos-snapshots of driver csi.example.com');
  });

  test('lacks nothing when both classes are of one driver, whichever', async () => {
    const answers = { [SNAPSHOT_CLASSES]: snapshotClasses('csi.example.com'), [STORAGE_CLASSES]: storageClasses };
    await expect(missingWith(answers)).resolves.toBeUndefined();
  });

  test('that refuses the question is no cluster that lacks them', async () => {
    await expect(missingWith({ [SNAPSHOT_CLASSES]: 403 })).rejects.toMatchObject({ code: 403 });
  });
});

describe('a node has a CSI driver', () => {
  test.each([
    ['not before its kubelet has started', {}, false],
    ['not while the kubelet knows none', { 'GET /apis/storage.k8s.io/v1/csinodes/node': csiNode(null) }, false],
    ['not by another one', { 'GET /apis/storage.k8s.io/v1/csinodes/node': csiNode([{ name: 'other' }]) }, false],
    ['once the kubelet knows it', { 'GET /apis/storage.k8s.io/v1/csinodes/node': csiNode([{ name: 'driver' }]) }, true],
  ])('%s', async (_, answers, expected) => {
    api = await startFakeApi(answers);
    await expect(hasDriver(api.kubeconfig, 'node', 'driver')).resolves.toBe(expected);
  });
});

/** As the kubelet makes it: without drivers there is no list. */
function csiNode(drivers: { name: string }[] | null) {
  return { metadata: { name: 'node' }, spec: { drivers } };
}
