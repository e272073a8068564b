import type { V1PersistentVolume, V1PersistentVolumeClaimSpec } from '@kubernetes/client-node';
import { SNAPSHOT_CLASS, STORAGE_CLASS } from '../../dev/cluster/snapshot-support.ts';
import { IMAGES } from '../../dev/images/catalogue.ts';
import { execInPod } from '../../dev/workloads/exec.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { isReady } from '../../src/kubernetes/pods.ts';
import { createSnapshot, readSnapshot, type Snapshot } from '../../src/kubernetes/snapshots.ts';
import { orNull, readClaim } from '../../src/kubernetes/volumes.ts';
import { createNamespace, deleteNamespace } from './namespace.ts';
import { providePullableImage } from './pullable-image.ts';
import { until } from './until.ts';

/** An image with a shell. */
const IMAGE = 'ollama';
const CONTAINER = 'app';
const signal = new AbortController().signal;
/** How the tests write by hand. */
export const byHand = { fieldManager: 'kintsugi-tests', signal };

/** Claims, pods that mount them, and snapshots, in a namespace of their own. */
export interface SnapshotWorld {
  kubernetes: Kubernetes;
  namespace: string;
  /** Asks for 16Mi of the class with snapshots; `spec` is laid over it. */
  createClaim(name: string, spec?: V1PersistentVolumeClaimSpec): Promise<void>;
  /** Deletes the claim and waits until it is gone. */
  deleteClaim(name: string): Promise<void>;
  /** The claim's volume, once it is bound. */
  volumeOf(claim: string): Promise<V1PersistentVolume>;
  /** A pod that mounts the claim at /data and does nothing; returns when it is ready. */
  runPod(name: string, claim: string): Promise<void>;
  deletePod(name: string): Promise<void>;
  /** What a shell script in a pod prints. */
  inPod(pod: string, script: string): Promise<string>;
  takeSnapshot(name: string, claim: string, className?: string): Promise<void>;
  /** The snapshot, once `holds` is true of it. */
  snapshotThat(name: string, holds: (snapshot: Snapshot) => boolean): Promise<Snapshot>;
  /** The message of an object's event with this reason, once there is one. */
  eventOf(name: string, reason: string): Promise<string>;
  remove(): Promise<void>;
}

/** A claim's data source. */
export function fromSnapshot(name: string): V1PersistentVolumeClaimSpec {
  return { dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name } };
}

export async function createSnapshotWorld(kubernetes: Kubernetes): Promise<SnapshotWorld> {
  const namespace = await createNamespace(kubernetes, 'snapshots');
  await providePullableImage(kubernetes, namespace, IMAGE);
  const { core } = kubernetes;
  return {
    kubernetes,
    namespace,
    async createClaim(name, spec = {}) {
      const usual = { storageClassName: STORAGE_CLASS, accessModes: ['ReadWriteOnce'], ...sized('16Mi') };
      const body = { metadata: { name }, spec: { ...usual, ...spec } };
      await core.createNamespacedPersistentVolumeClaim({ namespace, body });
    },
    async deleteClaim(name) {
      await core.deleteNamespacedPersistentVolumeClaim({ namespace, name });
      await until(
        `the end of claim ${name}`,
        async () => (await readClaim(kubernetes, { namespace, name }, signal)) === null,
      );
    },
    async volumeOf(claim) {
      let volume = '';
      await until(`claim ${claim} to be bound`, async () => {
        const found = await readClaim(kubernetes, { namespace, name: claim }, signal);
        volume = found?.status?.phase === 'Bound' ? (found.spec?.volumeName ?? '') : '';
        return volume !== '';
      });
      return core.readPersistentVolume({ name: volume });
    },
    async runPod(name, claim) {
      await core.createNamespacedPod({ namespace, body: { metadata: { name }, spec: idlePod(claim) } });
      await until(`pod ${name}`, async () => isReady(await core.readNamespacedPod({ namespace, name })));
    },
    async deletePod(name) {
      await core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds: 0 });
      const read = () => orNull(core.readNamespacedPod({ namespace, name }));
      await until(`the end of pod ${name}`, async () => (await read()) === null);
    },
    inPod: (pod, script) =>
      execInPod(kubernetes.config, { namespace, pod, container: CONTAINER, command: ['sh', '-c', script] }),
    async takeSnapshot(name, claim, className = SNAPSHOT_CLASS) {
      await createSnapshot(kubernetes, { namespace, name, labels: {}, annotations: {}, claim, className }, byHand);
    },
    async snapshotThat(name, holds) {
      for (;;) {
        let found: Snapshot | null = null;
        await until(`snapshot ${name}`, async () => {
          found = await readSnapshot(kubernetes, { namespace, name }, signal);
          return found !== null && holds(found);
        });
        if (found !== null) return found;
      }
    },
    async eventOf(name, reason) {
      let message = '';
      await until(`${reason} of ${name}`, async () => {
        const fieldSelector = `involvedObject.name=${name},reason=${reason}`;
        message = (await core.listNamespacedEvent({ namespace, fieldSelector })).items[0]?.message ?? '';
        return message !== '';
      });
      return message;
    },
    remove: () => deleteNamespace(kubernetes, namespace),
  };
}

/** The size that a claim asks for. */
export function sized(storage: string): V1PersistentVolumeClaimSpec {
  return { resources: { requests: { storage } } };
}

function idlePod(claimName: string) {
  const container = {
    name: CONTAINER,
    image: IMAGES[IMAGE].reference,
    imagePullPolicy: 'IfNotPresent',
    command: ['sleep', 'infinity'],
    // Files of other owners can be made by root alone.
    securityContext: { runAsUser: 0 },
    resources: { requests: { memory: '8Mi', cpu: '1m' }, limits: { memory: '64Mi' } },
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
  };
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName } }];
  return { terminationGracePeriodSeconds: 0, containers: [container], volumes };
}
