import type { FieldSetter } from '../../kubernetes/managed-fields.ts';
import type { PullAnswer } from '../../registry/pull.ts';

export interface ReferenceEvidence {
  kind: 'ConfigMap' | 'Secret' | 'ServiceAccount' | 'PersistentVolumeClaim';
  name: string;
  found: boolean | 'unknown';
  optional: boolean;
  keys: string[];
  /** SHA-256 of a ConfigMap's content, keyed hash of a Secret's. */
  hash?: string;
  /** Keys that the template asks for and the object lacks. */
  missingKeys: string[];
  /** Where the template names it: `env TOKEN of app`, `volume settings`, `imagePullSecrets`. */
  usedBy?: string[];
  /** A Secret's type. */
  type?: string;
  /** Who changed a ConfigMap or Secret last. */
  changed?: FieldSetter;
  /** A pull secret's registries. */
  registries?: string[];
}

export interface ClaimEvidence {
  name: string;
  phase: string;
  storageClass?: string;
  volume?: string;
  /** The class of a claim that is not bound, as the cluster has it. */
  classState?: { found: boolean; provisioner?: string; waitsForPod?: boolean; known: string[] };
}

/** An image that the kubelet cannot pull, and what its registry says to a pull with the pod's own secrets. */
export interface ImageEvidence {
  container: string;
  image: string;
  pull: Pick<PullAnswer, 'kind' | 'saw'>;
}
