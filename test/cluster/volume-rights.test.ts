import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { PatchStrategy, type V1PersistentVolume } from '@kubernetes/client-node';
import { grantKintsugi } from '../../dev/workloads/access.ts';
import { GUARD } from '../../src/actions/write/guard.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { callOptions } from '../../src/kubernetes/transport.ts';
import type { Json } from '../../src/recovery/values.ts';
import { needs, provided } from '../needs.ts';
import { createNamespace, deleteNamespace } from './namespace.ts';
import { until } from './until.ts';
import { createClaim } from './volume-world.ts';

needs('cluster');

jest.setTimeout(120_000);

/** PersistentVolumes belong to no namespace: what deploy/kubernetes/act-on-volumes.yaml narrows the right on them to. */
let kubernetes: Kubernetes;
let asKintsugi: Kubernetes;
let inside: string;
let outside: string;
let own: string;
let foreign: string;

beforeAll(async () => {
  kubernetes = connectKubernetes({ kubeconfig: provided('cluster') });
  asKintsugi = connectKubernetes({ kubeconfig: process.env.KINTSUGI_TEST_KINTSUGI_KUBECONFIG ?? '' });
  inside = await createNamespace(kubernetes, 'volume-rights');
  outside = await createNamespace(kubernetes, 'volume-none');
  await grantKintsugi(kubernetes, { actIn: [inside] });
  own = await boundVolume(inside);
  foreign = await boundVolume(outside);
});

afterAll(async () => {
  await deleteNamespace(kubernetes, inside);
  await deleteNamespace(kubernetes, outside);
});

async function boundVolume(namespace: string): Promise<string> {
  await createClaim(kubernetes, { namespace, name: 'data', storageClass: 'folder' });
  let volume: string | undefined;
  await until('the claim to be bound', async () => {
    const { spec, status } = await kubernetes.core.readNamespacedPersistentVolumeClaim({ namespace, name: 'data' });
    volume = spec?.volumeName;
    return status?.phase === 'Bound';
  });
  return volume ?? '';
}

/** A patch of a volume by Kintsugi's own user, tried without being kept. */
function patch(name: string, body: Json, dryRun = true): Promise<V1PersistentVolume> {
  return asKintsugi.core.patchPersistentVolume(
    { name, body, ...(dryRun ? { dryRun: 'All' } : {}) },
    callOptions({ patch: PatchStrategy.MergePatch }),
  );
}

const retain = { spec: { persistentVolumeReclaimPolicy: 'Retain' }, metadata: { annotations: { [GUARD]: 'a#1' } } };
const REFUSED = { code: 'refused' };

describe('the right to patch a volume', () => {
  test('keeps one whose claim lies where Kintsugi may act, and no other', async () => {
    expect((await patch(own, retain)).spec?.persistentVolumeReclaimPolicy).toBe('Retain');
    await expect(patch(foreign, retain)).rejects.toMatchObject({
      ...REFUSED,
      message: expect.stringContaining('only of claims that it may replace'),
    });
  });

  test.each<[string, Json]>([
    ['its size', { spec: { capacity: { storage: '1Gi' } } }],
    ['its claim', { spec: { claimRef: { name: 'another' } } }],
    ['its class', { spec: { storageClassName: 'another' } }],
    ['its labels', { metadata: { labels: { a: 'b' } } }],
    ['an annotation of others', { metadata: { annotations: { a: 'b' } } }],
    ['its reclaim policy to one that throws it away', { spec: { persistentVolumeReclaimPolicy: 'Recycle' } }],
  ])('does not change %s', async (_what, body) => {
    await expect(patch(own, body)).rejects.toMatchObject(REFUSED);
  });

  test('gives back the policy of before on a volume that carries its mark, and the uid of the claim', async () => {
    await patch(own, retain, false);
    const back = { spec: { persistentVolumeReclaimPolicy: 'Delete' }, metadata: { annotations: { [GUARD]: null } } };
    expect((await patch(own, back)).spec?.persistentVolumeReclaimPolicy).toBe('Delete');
    const freed = await patch(own, { spec: { claimRef: { uid: null } } });
    expect(freed.spec?.claimRef?.uid).toBeUndefined();
    await patch(own, back, false);
  });
});

describe('the right to create a claim', () => {
  const create = (namespace: string, spec: Json, annotations: Record<string, string> = { [GUARD]: 'a#1' }) =>
    asKintsugi.core.createNamespacedPersistentVolumeClaim({
      namespace,
      dryRun: 'All',
      body: JSON.parse(JSON.stringify({ metadata: { name: 'made', annotations }, spec })),
    });
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '16Mi' } } };
  const dataSource = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'nightly' };

  test('is for one that carries our mark, where Kintsugi may act', async () => {
    await create(inside, { ...spec, dataSource });
    await create(inside, { ...spec, volumeName: own });
    await expect(create(inside, { ...spec, dataSource }, {})).rejects.toMatchObject(REFUSED);
    await expect(create(outside, { ...spec, dataSource })).rejects.toMatchObject({ code: 'forbidden' });
  });
});
