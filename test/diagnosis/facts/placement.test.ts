import { describe, test } from '@jest/globals';
import type { Evidence } from '../../../src/diagnosis/evidence.ts';
import { ended, pod } from '../evidence.ts';
import { type Case, isToldFirst } from './first-finding.ts';
import { pending, reference, waiting, warning } from './seen.ts';

const mountFailed = (reason: string, message: string): Partial<Evidence> => ({
  pods: [waiting('ContainerCreating')],
  events: [warning(reason, message, 'Pod/agent-bruno-1')],
});

const PLACED: Case[] = [
  [
    'a volume that is still attached elsewhere',
    mountFailed(
      'FailedAttachVolume',
      'Multi-Attach error for volume "pvc-12" Volume is already used by pod(s) agent-bruno-0',
    ),
    'volume-unavailable||pvc-12',
    'where pod agent-bruno-0 uses it',
  ],
  [
    'a CSI driver that the node lacks',
    mountFailed(
      'FailedMount',
      'MountVolume.MountDevice failed for volume "pvc-12" : kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: driver name nfs.csi.k8s.io not found in the list of registered CSI drivers',
    ),
    'volume-unavailable||pvc-12',
    'CSI driver nfs.csi.k8s.io',
  ],
  [
    'a path of the node that is not there',
    mountFailed(
      'FailedMount',
      'MountVolume.SetUp failed for volume "host" : hostPath type check failed: /data is not a directory',
    ),
    'volume-unavailable||/data',
    'on node node-1',
  ],
  [
    'a ConfigMap that is mounted and not there',
    {
      ...mountFailed('FailedMount', 'MountVolume.SetUp failed for volume "settings" : configmap "settings" not found'),
      references: [reference({ kind: 'ConfigMap', name: 'settings', found: false, usedBy: ['volume settings'] })],
    },
    'missing-config-reference||ConfigMap/settings',
    'volume settings',
  ],
  [
    'a node that is gone',
    {
      pods: [pod(ended(137))],
      nodes: [
        { name: 'node-1', ready: false, unschedulable: false, pressure: [], reason: 'the node is gone', found: false },
      ],
    },
    'node-failure||node-1',
    'Node node-1 is gone',
  ],
  [
    'an eviction for the node’s memory',
    {
      pods: [
        pod(
          { restarts: 0, state: { kind: 'terminated', reason: 'Error', exitCode: 137 } },
          {
            phase: 'Failed',
            reason: 'Evicted',
            message:
              'The node was low on resource: memory. Threshold quantity: 100Mi, available: 80Mi. Container agent-bruno was using 1Gi, request is 0, has larger consumption of memory.',
          },
        ),
      ],
    },
    'node-failure||node-1',
    'ran low on memory',
  ],
  [
    'an eviction for its own limit',
    {
      pods: [
        pod(
          { restarts: 0, state: { kind: 'terminated', reason: 'Error', exitCode: 137 } },
          { phase: 'Failed', reason: 'Evicted', message: 'Usage of EmptyDir volume "cache" exceeds the limit "1Mi". ' },
        ),
      ],
    },
    'quota-exceeded||cache',
    'its own limit',
  ],
  [
    'a node that refused it for want of cpu',
    {
      pods: [
        pending({
          node: 'node-1',
          phase: 'Failed',
          reason: 'OutOfcpu',
          message: "Pod was rejected: Node didn't have enough resource: cpu",
        }),
      ],
    },
    'unschedulable||cpu',
    'refused',
  ],
  [
    'a network plug-in that fails',
    {
      pods: [waiting('ContainerCreating')],
      events: [
        warning(
          'FailedCreatePodSandBox',
          'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "ab": plugin type="calico" failed (add): stat /var/lib/calico/nodename: no such file or directory',
          'Pod/agent-bruno-1',
        ),
      ],
    },
    'node-failure||node-1',
    'network plug-in calico',
  ],
];

describe('when a node cannot bring a pod up', () => {
  test.each(PLACED)('%s', isToldFirst);
});
