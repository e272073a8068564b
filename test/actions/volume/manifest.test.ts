import { describe, expect, test } from '@jest/globals';
import type { V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { fits, manifestFrom, manifestOf, parseTeamManifest } from '../../../src/actions/volume/manifest.ts';
import type { Snapshot } from '../../../src/kubernetes/snapshots.ts';

const snapshot: Snapshot = {
  name: 'nightly',
  namespace: 'kosmos',
  uid: 's',
  resourceVersion: '1',
  labels: {},
  annotations: {},
  claim: 'zeus-data',
  takenAt: '2025-12-08T03:00:00Z',
  ready: true,
  usable: true,
  restoreSize: '2Gi',
};

const claim: V1PersistentVolumeClaim = {
  metadata: {
    name: 'zeus-data',
    namespace: 'kosmos',
    uid: 'u',
    labels: { app: 'zeus' },
    annotations: {
      team: 'kosmos',
      'pv.kubernetes.io/bind-completed': 'yes',
      'volume.kubernetes.io/storage-provisioner': 'x',
    },
  },
  spec: {
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'kosmos-csi',
    volumeMode: 'Filesystem',
    volumeName: 'pv-old',
    resources: { requests: { storage: '1Gi' } },
    dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'older' },
  },
};

const TEAM = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: zeus-data
  namespace: kosmos
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: kosmos-csi
  resources: { requests: { storage: 2Gi } }
  dataSource: { apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: nightly }
`;

describe('the claim that is made', () => {
  test('from a snapshot has the labels, class and modes of the former, and room for the snapshot', () => {
    expect(manifestFrom(claim, snapshot)).toEqual({
      labels: { app: 'zeus' },
      annotations: { team: 'kosmos' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'kosmos-csi',
        volumeMode: 'Filesystem',
        resources: { requests: { storage: '2Gi' } },
        dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'nightly' },
      },
    });
  });

  test('around its former volume has no source and no binding of its own', () => {
    const { spec } = manifestOf(claim);
    expect(Object.keys(spec).sort()).toEqual(['accessModes', 'resources', 'storageClassName', 'volumeMode']);
  });
});

describe("the team's restore-pvc.yaml", () => {
  test('is taken as it is written', () => {
    expect(parseTeamManifest(TEAM, 'kosmos', 'here')).toMatchObject({
      name: 'zeus-data',
      snapshot: 'nightly',
      manifest: { spec: { storageClassName: 'kosmos-csi', resources: { requests: { storage: '2Gi' } } } },
    });
  });

  test.each([
    ['of another kind', TEAM.replace('kind: PersistentVolumeClaim', 'kind: Pod'), 'PersistentVolumeClaim'],
    ['for another namespace', TEAM.replace('namespace: kosmos', 'namespace: bruno'), 'its namespace is bruno'],
    ['without a snapshot', TEAM.replace(/ {2}dataSource.*\n/, ''), 'dataSource'],
    ['that names a volume', TEAM.replace('spec:\n', 'spec:\n  volumeName: pv-1\n'), 'volumeName'],
    ['that is no YAML', 'a: [', 'Flow'],
    ['with two documents', `${TEAM}---\n${TEAM}`, 'multiple documents'],
  ])('%s is refused with the fault', (_sentence, text, fault) => {
    expect(() => parseTeamManifest(text, 'kosmos', 'here')).toThrow(
      expect.objectContaining({ code: 'invalid', where: 'here', message: expect.stringContaining(fault) }),
    );
  });
});

describe('a snapshot fits a claim', () => {
  const manifest = manifestFrom(claim, snapshot);
  const csi = { provisioner: 'csi', driver: 'csi' };
  test.each([
    ['of its driver and size', manifest, csi, undefined],
    ['not of another driver', manifest, { provisioner: 'csi', driver: 'nfs' }, 'other-driver'],
    ['not without its class', manifest, { provisioner: undefined, driver: 'csi' }, 'no-class'],
    ['not where nobody holds it', manifest, { provisioner: 'csi', driver: undefined }, 'other-driver'],
    [
      'not one that is too small',
      { ...manifest, spec: { ...manifest.spec, resources: { requests: { storage: '1Gi' } } } },
      csi,
      'too-small',
    ],
  ])('%s', (_sentence, of, by, code) => {
    expect(fits(of, snapshot, by).refusal?.code).toBe(code);
  });
});
