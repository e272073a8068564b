import type { V1Pod, V1PodTemplateSpec } from '@kubernetes/client-node';
import type { OwnedWorkload, Revision } from '../../src/kubernetes/revisions.ts';
import { templateHash } from '../../src/kubernetes/template.ts';
import { toWorkload, type WorkloadKind, type WorkloadObject } from '../../src/kubernetes/workloads.ts';

/** A pod of the workload `web`: whether it is ready, and the image of its revision if that is not the present one. */
export interface OwnedPod {
  ready: boolean;
  image?: string;
}

/** The image of the present template. */
export const PRESENT = 'web:2';

export function templateOf(image: string): V1PodTemplateSpec {
  return { spec: { containers: [{ name: 'web', image }] } };
}

/** The workload `web` in the namespace `shop` with its pods by name, and a revision for each of their images. */
export function ownedWorkload(
  kind: WorkloadKind,
  pods: Record<string, OwnedPod>,
  spec: Partial<WorkloadObject['spec']> = {},
): OwnedWorkload {
  const replicas = Object.keys(pods).length;
  const images = new Set([PRESENT, ...Object.values(pods).flatMap(({ image }) => image ?? [])]);
  return {
    workload: toWorkload(kind, {
      metadata: { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '1' },
      spec: { replicas, selector: {}, template: templateOf(PRESENT), ...spec },
      status: { desiredNumberScheduled: replicas },
    }),
    revisions: [...images].map(revisionOf),
    pods: Object.entries(pods).map(
      ([name, { ready, image = PRESENT }]): V1Pod => ({
        metadata: { name, labels: { app: 'web', 'controller-revision-hash': image } },
        spec: { containers: [{ name: 'web', image }] },
        status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
      }),
    ),
  };
}

function revisionOf(image: string, index: number): Revision {
  const template = templateOf(image);
  return {
    ref: { apiVersion: 'apps/v1', kind: 'ControllerRevision', namespace: 'shop', name: image, uid: image },
    uid: image,
    name: image,
    revision: 10 - index,
    template,
    templatePath: '/data/spec/template',
    templateHash: templateHash(template),
    podLabel: image,
    createdAt: '2026-01-31T03:00:00Z',
  };
}
