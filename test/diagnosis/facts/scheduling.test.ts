import { describe, test } from '@jest/globals';
import type { Evidence } from '../../../src/diagnosis/evidence.ts';
import { workload } from '../workload.ts';
import { type Case, isToldFirst } from './first-finding.ts';
import { pending, ready, warning } from './seen.ts';

const scheduling = (message: string): Partial<Evidence> => ({
  pods: [pending()],
  events: [warning('FailedScheduling', message, 'Pod/agent-bruno-1')],
});

const NODES = [
  {
    name: 'n1',
    ready: true,
    unschedulable: false,
    pressure: [],
    labels: { disktype: 'hdd' },
    allocatable: { memory: '7900Mi', cpu: '2' },
  },
];

const NO_NODE: Case[] = [
  [
    'no node has the memory: what is asked and what there is',
    {
      ...scheduling(
        '0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
      ),
      workload: workload({ resources: { requests: { memory: '4000Gi' }, limits: {} } }),
      nodes: NODES,
    },
    'unschedulable||memory',
    'asked: agent-bruno 4000Gi; allocatable: n1 7900Mi',
  ],
  [
    'no node has the label: which, and what they have instead',
    {
      ...scheduling("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."),
      workload: workload(
        {},
        {
          placement: { nodeSelector: { disktype: 'ssd' }, affinity: false, tolerations: [], hostPorts: [] },
        },
      ),
      nodes: NODES,
    },
    'unschedulable||disktype=ssd',
    'nodes have disktype=hdd',
    'kubectl label node n1 disktype=ssd',
  ],
  [
    'a taint that is not tolerated',
    scheduling('0/2 nodes are available: 2 node(s) had untolerated taint {dedicated: gpu}.'),
    'unschedulable||dedicated',
    '2 nodes with the taint dedicated=gpu',
  ],
  [
    'anti-affinity with its own pods',
    scheduling("0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules."),
    'unschedulable||anti-affinity',
    'anti-affinity',
  ],
  [
    'a node that is cordoned',
    scheduling('0/1 nodes are available: 1 node(s) were unschedulable.'),
    'unschedulable||cordoned',
    'kubectl uncordon',
  ],
  [
    'each of several reasons',
    scheduling(
      '0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
    ),
    'unschedulable||cpu',
    '1 node without enough cpu',
    '2 nodes with the taint node-role.kubernetes.io/control-plane',
  ],
  [
    'a hostPort that its own older pod holds',
    {
      pods: [ready('agent-bruno-0'), pending()],
      events: [
        warning(
          'FailedScheduling',
          "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
          'Pod/agent-bruno-1',
        ),
      ],
      workload: workload(
        {},
        {
          placement: { nodeSelector: {}, affinity: false, tolerations: [], hostPorts: [8080] },
        },
      ),
    },
    'port-in-use||hostPort 8080',
    'its own pod agent-bruno-0',
  ],
  [
    'a claim whose storage class is not there',
    {
      ...scheduling('0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.'),
      claims: [
        { name: 'data', phase: 'Pending', storageClass: 'fast', classState: { found: false, known: ['standard'] } },
      ],
    },
    'volume-unavailable||data',
    'storage class fast is not there (there are: standard)',
  ],
  [
    'a claim that names no class where none is the default',
    {
      ...scheduling('0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.'),
      claims: [{ name: 'data', phase: 'Pending', classState: { found: false, known: ['a', 'b'] } }],
    },
    'volume-unavailable||data',
    'no default one (there are: a, b)',
  ],
  [
    'a claim that is not there',
    scheduling('0/1 nodes are available: persistentvolumeclaim "data" not found.'),
    'volume-unavailable||data',
    'claim data, which is not there',
  ],
  [
    'a claim whose provisioner does nothing',
    {
      pods: [pending()],
      events: [
        {
          type: 'Normal',
          reason: 'ExternalProvisioning',
          object: 'PersistentVolumeClaim/data',
          message: "Waiting for a volume to be created either by the external provisioner 'ebs.csi.aws.com'",
        },
        warning(
          'FailedScheduling',
          '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.',
          'Pod/agent-bruno-1',
        ),
      ],
      claims: [
        {
          name: 'data',
          phase: 'Pending',
          storageClass: 'gp3',
          classState: { found: true, provisioner: 'ebs.csi.aws.com', known: ['gp3'] },
        },
      ],
    },
    'volume-unavailable||data',
    'provisioner ebs.csi.aws.com of class gp3 makes no volume',
  ],
];

describe('when no node takes a pod', () => {
  test.each(NO_NODE)('%s', isToldFirst);
});
