import type { ContainerEvidence, EventEvidence, PodEvidence } from '../../../src/diagnosis/evidence/pod.ts';
import type { ReferenceEvidence } from '../../../src/diagnosis/evidence/reference.ts';
import { pod } from '../evidence.ts';

/** What controllers, scheduler, kubelet and runtime really say, and the sentence that is made of it: the concrete name is in it. */

export const warning = (reason: string, message: string, object?: string): EventEvidence => ({
  type: 'Warning',
  reason,
  message,
  ...(object === undefined ? {} : { object }),
});

/** A pod that waits for a node. */
export const pending = (parts: Partial<PodEvidence> = {}): PodEvidence => ({
  ...pod({ restarts: 0, state: { kind: 'none' } }),
  node: '',
  phase: 'Pending',
  ...parts,
});

export const waiting = (reason: string, message = '', parts: Partial<ContainerEvidence> = {}): PodEvidence =>
  pod({ restarts: 0, state: { kind: 'waiting', reason, message }, ...parts });
export const running = (parts: Partial<ContainerEvidence> = {}): Partial<ContainerEvidence> => ({
  restarts: 0,
  started: true,
  state: { kind: 'running' },
  ...parts,
});
export const ready = (name: string): PodEvidence =>
  pod({ ...running(), ready: true }, { name, uid: name, ready: true });

export const reference = (parts: Partial<ReferenceEvidence>): ReferenceEvidence => ({
  kind: 'Secret',
  name: 'pull',
  found: true,
  optional: false,
  keys: [],
  missingKeys: [],
  usedBy: ['imagePullSecrets'],
  ...parts,
});
