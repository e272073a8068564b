import { describe, expect, test } from '@jest/globals';
import { classify } from '../../src/diagnosis/classify.ts';
import type { ContainerEvidence, EventEvidence, PodEvidence } from '../../src/diagnosis/evidence/pod.ts';
import type { ReferenceEvidence } from '../../src/diagnosis/evidence/reference.ts';
import type { ContainerTemplate, WorkloadEvidence } from '../../src/diagnosis/evidence/workload.ts';
import type { Evidence } from '../../src/diagnosis/evidence.ts';
import { ended, evidence, pod } from './evidence.ts';

/** What controllers, scheduler, kubelet and runtime really say, and the sentence that is made of it: the concrete name is in it. */

const warning = (reason: string, message: string, object?: string): EventEvidence => ({
  type: 'Warning',
  reason,
  message,
  ...(object === undefined ? {} : { object }),
});

function workload(parts: Partial<WorkloadEvidence> = {}, container: Partial<ContainerTemplate> = {}): WorkloadEvidence {
  return {
    uid: 'w',
    generation: 1,
    observedGeneration: 1,
    desired: 1,
    ready: 0,
    updated: 1,
    unavailable: 1,
    paused: false,
    revision: '1',
    serviceAccount: 'default',
    conditions: [],
    gitops: null,
    autoscaler: null,
    annotations: {},
    containers: [
      {
        name: 'agent-bruno',
        role: 'main',
        image: 'ghcr.io/brunovlucena/agent-bruno:latest',
        command: [],
        args: [],
        env: [],
        resources: { requests: {}, limits: {} },
        probes: {},
        securityContext: {},
        ports: [{ port: 8080 }],
        ...container,
      },
    ],
    ...parts,
  };
}

/** A pod that waits for a node. */
const pending = (parts: Partial<PodEvidence> = {}): PodEvidence => ({
  ...pod({ restarts: 0, state: { kind: 'none' } }),
  node: '',
  phase: 'Pending',
  ...parts,
});
const waiting = (reason: string, message = '', parts: Partial<ContainerEvidence> = {}): PodEvidence =>
  pod({ restarts: 0, state: { kind: 'waiting', reason, message }, ...parts });
const running = (parts: Partial<ContainerEvidence> = {}): Partial<ContainerEvidence> => ({
  restarts: 0,
  started: true,
  state: { kind: 'running' },
  ...parts,
});
const ready = (name: string): PodEvidence => pod({ ...running(), ready: true }, { name, uid: name, ready: true });
const scheduling = (message: string): Partial<Evidence> => ({
  pods: [pending()],
  events: [warning('FailedScheduling', message, 'Pod/agent-bruno-1')],
});
const creation = (message: string): Partial<Evidence> => ({
  events: [warning('FailedCreate', `Error creating: ${message}`, 'ReplicaSet/agent-bruno-5d8')],
});
const pull = (message: string, references: ReferenceEvidence[] = []): Partial<Evidence> => ({
  pods: [waiting('ImagePullBackOff', 'Back-off pulling image', { image: 'ghcr.io/team/app:2' })],
  events: [
    warning('Failed', `Failed to pull image "ghcr.io/team/app:2": ${message}`),
    warning('Failed', 'Error: ErrImagePull'),
  ],
  references,
});
const reference = (parts: Partial<ReferenceEvidence>): ReferenceEvidence => ({
  kind: 'Secret',
  name: 'pull',
  found: true,
  optional: false,
  keys: [],
  missingKeys: [],
  usedBy: ['imagePullSecrets'],
  ...parts,
});
const start = (message: string, reason = 'RunContainerError', container: Partial<ContainerTemplate> = {}) => ({
  pods: [waiting(reason, message)],
  workload: workload({}, container),
});
const RUNC =
  'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ';
const probed = (path: string): Partial<ContainerTemplate> => ({
  probes: { liveness: { httpGet: { path, port: 8080 } }, readiness: { httpGet: { path, port: 8080 } } },
});
const killed = warning('Killing', 'Container agent-bruno failed liveness probe, will be restarted');
const liveness = (message: string, container: Partial<ContainerEvidence> = {}): Partial<Evidence> => ({
  pods: [pod({ ...ended(137), ...container })],
  events: [warning('Unhealthy', `Liveness probe failed: ${message}`), killed],
  workload: workload({}, probed('/health')),
});

type Case = [sentence: string, seen: Partial<Evidence>, key: string, ...said: string[]];

const NO_POD: Case[] = [
  [
    'a quota is used up: which, how much was asked, used and allowed',
    creation(
      'pods "agent-bruno-5d8-x" is forbidden: exceeded quota: compute, requested: limits.memory=2Gi, used: limits.memory=3Gi, limited: limits.memory=4Gi',
    ),
    'quota-exceeded||compute',
    'asked limits.memory=2Gi, used limits.memory=3Gi, hard limits.memory=4Gi',
  ],
  [
    'a quota asks for limits that the template does not set',
    creation('pods "a" is forbidden: failed quota: compute: must specify limits.cpu for: agent-bruno'),
    'quota-exceeded||compute',
    'limits.cpu for: agent-bruno',
  ],
  [
    'a LimitRange forbids the limits',
    creation(
      'pods "a" is forbidden: [maximum memory usage per Container is 512Mi, but limit is 1Gi, minimum cpu usage per Container is 100m, but request is 10m]',
    ),
    'quota-exceeded||LimitRange',
    'maximum memory usage per Container is 512Mi, but limit is 1Gi',
  ],
  [
    'a ServiceAccount is missing',
    creation('pods "a" is forbidden: error looking up service account bruno/runner: serviceaccount "runner" not found'),
    'missing-config-reference||ServiceAccount/runner',
    'kubectl create serviceaccount runner',
  ],
  [
    'a PriorityClass is missing',
    creation('pods "a" is forbidden: no PriorityClass with name critical was found'),
    'missing-config-reference||PriorityClass/critical',
    'priorityClassName',
  ],
  [
    'Pod Security refuses: which level and which fields',
    creation(
      'pods "a" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "agent-bruno" must set securityContext.allowPrivilegeEscalation=false)',
    ),
    'configuration-error||PodSecurity restricted:latest',
    'allowPrivilegeEscalation != false',
  ],
  [
    'a webhook denies',
    creation('admission webhook "validate.kyverno.svc-fail" denied the request: label team is required'),
    'configuration-error||webhook validate.kyverno.svc-fail',
    'label team is required',
  ],
  [
    'a webhook is away',
    creation(
      'Internal error occurred: failed calling webhook "pods.policy.example.com": failed to call webhook: Post "https://policy.policy.svc:443/validate?timeout=10s": no endpoints available for service "policy"',
    ),
    'configuration-error||webhook pods.policy.example.com',
    'no endpoints available for service "policy"',
  ],
  [
    'a field of the template is not valid',
    creation(
      'Pod "a" is invalid: spec.containers[0].resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi',
    ),
    'configuration-error||spec.containers[0].resources.requests',
    'must be less than or equal to memory limit',
  ],
];

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
      workload: workload({}, { resources: { requests: { memory: '4000Gi' }, limits: {} } }),
      nodes: NODES,
    },
    'unschedulable||memory',
    'asked: agent-bruno 4000Gi; allocatable: n1 7900Mi',
  ],
  [
    'no node has the label: which, and what they have instead',
    {
      ...scheduling("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."),
      workload: workload({
        placement: { nodeSelector: { disktype: 'ssd' }, affinity: false, tolerations: [], hostPorts: [] },
      }),
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
      workload: workload({
        placement: { nodeSelector: {}, affinity: false, tolerations: [], hostPorts: [8080] },
      }),
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

const IMAGES: Case[] = [
  [
    'no such tag',
    pull(
      'rpc error: code = NotFound desc = failed to resolve reference "ghcr.io/team/app:2": ghcr.io/team/app:2: not found',
    ),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'no such image or tag',
  ],
  [
    'no permission, and no pull secret',
    pull(
      'failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token: 401 Unauthorized',
    ),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'does not permit it; the pod has no pull secret',
  ],
  [
    'no permission, since the pull secret is not there',
    pull('unexpected status from HEAD request to https://ghcr.io/v2/team/app/manifests/2: 403 Forbidden', [
      reference({ found: false }),
    ]),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'its pull secret pull is not there',
    'kubectl create secret docker-registry pull --docker-server=ghcr.io',
  ],
  [
    'no permission, since the pull secret is of the wrong type',
    pull(
      'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
      [reference({ type: 'Opaque' })],
    ),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'of type Opaque',
  ],
  [
    'no permission, since the pull secret is for another registry',
    pull('unexpected status: 403 Forbidden', [
      reference({ type: 'kubernetes.io/dockerconfigjson', registries: ['docker.io'] }),
    ]),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'has credentials for docker.io only',
  ],
  [
    'the rate limit',
    pull(
      '429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit',
    ),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'rate limit',
  ],
  [
    'a registry that is away',
    pull(
      'failed to do request: Head "https://ghcr.io/v2/team/app/manifests/2": dial tcp 10.0.0.1:443: connect: connection refused',
    ),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'cannot be reached',
  ],
  [
    'a registry whose name nobody knows',
    pull('failed to do request: Head "https://ghcr.io/v2/": dial tcp: lookup ghcr.io on 10.96.0.10:53: no such host'),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'name cannot be resolved',
  ],
  [
    'a certificate that is not trusted',
    pull('failed to do request: tls: failed to verify certificate: x509: certificate signed by unknown authority'),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'does not trust',
  ],
  [
    'a platform that the image has not',
    pull('no match for platform in manifest: not found'),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'platform',
  ],
];

const STARTS: Case[] = [
  [
    'a command that is not in the image',
    start(`${RUNC}exec: "uvicorn": executable file not found in $PATH: unknown`, 'RunContainerError', {
      command: ['uvicorn'],
      imageCommand: { entrypoint: ['python', '-m'], cmd: ['uvicorn'] },
    }),
    'command-not-found|agent-bruno|uvicorn',
    'The image itself runs: python -m uvicorn',
  ],
  [
    'a script that is not executable',
    start(`${RUNC}exec: "/app/start.sh": permission denied: unknown`),
    'permission-denied|agent-bruno|/app/start.sh',
    'chmod +x',
  ],
  [
    'a working directory that is not there',
    start(
      `${RUNC}error during container init: chdir to cwd ("/srv/app") set in config.json failed: no such file or directory`,
    ),
    'command-not-found|agent-bruno|/srv/app',
    'workingDir',
  ],
  [
    'a user that the image does not have',
    start(`${RUNC}unable to find user appuser: no matching entries in passwd file`),
    'permission-denied|agent-bruno|appuser',
    'not in its image',
  ],
  [
    'runAsNonRoot with an image that runs as root',
    start(
      'container has runAsNonRoot and image will run as root (pod: "a", container: agent-bruno)',
      'CreateContainerConfigError',
    ),
    'permission-denied|agent-bruno|securityContext',
    'runs as root',
  ],
  [
    'a file that is mounted over a directory',
    start(
      `${RUNC}error during container init: error mounting "/var/lib/kubelet/pods/1/volumes/x" to rootfs at "/etc/app.conf": not a directory: Are you trying to mount a directory onto a file (or vice-versa)?`,
    ),
    'volume-unavailable|agent-bruno|/etc/app.conf',
    'subPath',
  ],
  [
    'a memory limit in which nothing starts',
    start(`${RUNC}container init was OOM-killed (memory limit too low?): unknown`, 'StartError', {
      resources: { requests: {}, limits: { memory: '4Mi' } },
    }),
    'oom-killed|agent-bruno|',
    'limit of 4Mi',
  ],
  [
    'another architecture',
    start(`${RUNC}exec /app: exec format error`),
    'application-startup-failure|agent-bruno|',
    'another architecture',
  ],
  [
    'a key that a Secret lacks: what it has, and what was meant',
    {
      ...start("couldn't find key DATABSE_URL in Secret bruno/db", 'CreateContainerConfigError'),
      references: [
        reference({
          name: 'db',
          keys: ['DATABASE_URL', 'USER'],
          missingKeys: ['DATABSE_URL'],
          usedBy: ['env DB of agent-bruno'],
        }),
      ],
    },
    'missing-config-reference|agent-bruno|Secret/db:DATABSE_URL',
    'env DB of agent-bruno',
    'Did you mean DATABASE_URL?',
  ],
];

const PROBES: Case[] = [
  [
    'a wrong path is not cured by patience',
    liveness('HTTP probe failed with statuscode: 404'),
    'liveness-probe-failure|agent-bruno|:8080/health',
    'no such path',
    'patience does not cure it',
  ],
  [
    'a program that says it is unwell is not cured by patience',
    liveness('HTTP probe failed with statuscode: 500'),
    'liveness-probe-failure|agent-bruno|:8080/health',
    'status 500',
    'patience does not cure it',
  ],
  [
    'a wrong port: what the container declares',
    liveness('Get "http://10.1.1.1:8080/health": dial tcp 10.1.1.1:8080: connect: connection refused'),
    'liveness-probe-failure|agent-bruno|:8080/health',
    'declares 8080',
  ],
  [
    'an answer that comes late',
    liveness(
      'Get "http://10.1.1.1:8080/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
    ),
    'liveness-probe-failure|agent-bruno|:8080/health',
    'does not answer in time',
    'startupProbe',
  ],
  [
    'an answer that comes late because the CPU is throttled',
    liveness('Get "http://10.1.1.1:8080/health": context deadline exceeded', {
      throttling: { periods: 1000, throttled: 830 },
    }),
    'liveness-probe-failure|agent-bruno|:8080/health',
    'throttled in 83 % of periods',
    'patience alone does not cure it',
  ],
];

const NAMES: Case[] = [
  [
    'a Service that is not there: which variable names it, and what was meant',
    {
      pods: [pod(ended(1, 'socket.gaierror: [Errno -2] Name or service not known\n'))],
      names: [
        {
          host: 'orders-bd.shop.svc',
          service: 'orders-bd',
          namespace: 'shop',
          from: 'env DATABASE_URL of agent-bruno',
          found: false,
          near: 'orders-db',
        },
      ],
    },
    'dns-failure|agent-bruno|orders-bd.shop.svc',
    'env DATABASE_URL of agent-bruno',
    'namespace shop has no Service orders-bd',
    'Did you mean orders-db?',
  ],
];

const STILL_SERVING: Case[] = [
  [
    'a liveness probe that fails again and again, not yet often enough in a row',
    {
      pods: [pod({ ...running(), ready: true }, { ready: true })],
      events: [
        {
          ...warning('Unhealthy', 'Liveness probe failed: HTTP probe failed with statuscode: 500'),
          count: 7,
          lastSeen: '2025-12-31T23:59:50.000Z',
        },
      ],
      workload: workload({}, probed('/health')),
    },
    'liveness-probe-failure|agent-bruno|:8080/health',
    'fails (7 times so far), not yet enough to be ended for it',
  ],
];

const MEMORY: Case[] = [
  [
    'the limit and the last working set are named',
    {
      pods: [
        pod({
          ...ended(137, '', 'OOMKilled'),
          lastWorkingSet: { bytes: 120 * 1024 * 1024, at: '2026-01-01T00:00:00Z', ageSeconds: 8 },
        }),
      ],
      workload: workload({}, { resources: { requests: {}, limits: { memory: '128Mi' } } }),
    },
    'oom-killed|agent-bruno|',
    'limit of 128Mi',
    '120Mi, measured 8 s before',
  ],
  [
    'a working set that nobody measured is unknown',
    {
      pods: [pod({ ...ended(137, '', 'OOMKilled'), lastWorkingSet: 'unknown' })],
      workload: workload({}, { resources: { requests: {}, limits: { memory: '128Mi' } } }),
    },
    'oom-killed|agent-bruno|',
    'working set is unknown',
  ],
  [
    'without a limit it was the node that ran out',
    { pods: [pod(ended(137, '', 'OOMKilled'))], workload: workload() },
    'oom-killed|agent-bruno|',
    'its node node-1 ran out of memory',
  ],
];

const SERVICES: Case[] = [
  [
    'a selector with a slip: what the pods have',
    {
      pods: [ready('a')],
      services: [
        {
          name: 'web',
          found: true,
          selector: { app: 'webb' },
          endpointsReady: 0,
          endpointsNotReady: 0,
          differs: ['app=web, not app=webb'],
        },
      ],
    },
    'service-without-endpoints||web',
    'they have app=web, not app=webb',
  ],
  [
    'a target port that is the name of no port',
    {
      pods: [ready('a')],
      services: [
        {
          name: 'web',
          found: true,
          selector: { app: 'web' },
          endpointsReady: 1,
          endpointsNotReady: 0,
          unknownPorts: ['htpp'],
        },
      ],
    },
    'service-without-endpoints||web',
    'htpp',
  ],
];

const job = (parts: Partial<NonNullable<WorkloadEvidence['job']>>, conditions: WorkloadEvidence['conditions'] = []) =>
  workload({
    desired: 0,
    conditions,
    job: {
      name: 'migrate',
      active: 0,
      succeeded: 0,
      failed: 3,
      completions: 1,
      backoffLimit: 2,
      suspended: false,
      ...parts,
    },
  });

const JOBS: Case[] = [
  [
    'a Job that gave up names the cause of its pods',
    {
      workload: job({}, [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }]),
      pods: [
        pod(
          {
            restarts: 0,
            state: { kind: 'terminated', reason: 'Error', exitCode: 1 },
            logs: { current: { text: "ModuleNotFoundError: No module named 'alembic'\n", cut: false } },
          },
          { phase: 'Failed' },
        ),
      ],
    },
    'application-startup-failure|agent-bruno|alembic',
  ],
  [
    'a Job that gave up, of which no pod is left',
    { workload: job({}, [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }]) },
    'unknown||BackoffLimitExceeded',
    'gave up after 3 failed pods (backoffLimit 2)',
  ],
  [
    'a Job whose time is over',
    {
      workload: job({ deadlineSeconds: 30, failed: 0 }, [
        { type: 'Failed', status: 'True', reason: 'DeadlineExceeded' },
      ]),
    },
    'unresponsive||activeDeadlineSeconds',
    'activeDeadlineSeconds of 30',
  ],
  ['a Job that is suspended', { workload: job({ suspended: true, failed: 0 }) }, 'unknown||suspend', '"suspend":false'],
];

const STANDING: Case[] = [
  ['a workload scaled to zero', { workload: workload({ desired: 0 }) }, 'unknown||replicas', 'its replicas are 0'],
  [
    'a rollout that is paused',
    { workload: workload({ paused: true }), pods: [{ ...ready('a'), current: false }] },
    'unknown||paused',
    'kubectl rollout resume',
  ],
  [
    'a pod that does not end',
    {
      pods: [
        pod(running(), { deleting: true, deleteBy: '2025-12-31T23:50:00.000Z', finalizers: ['example.com/keep'] }),
      ],
    },
    'unresponsive||agent-bruno-1',
    'example.com/keep',
  ],
  [
    'a readiness gate that nobody sets',
    {
      pods: [
        pod(
          { ...running(), ready: true },
          {
            conditions: [
              {
                type: 'Ready',
                status: 'False',
                reason: 'ReadinessGatesNotReady',
                message:
                  'corresponding condition of pod readiness gate "target-health.elbv2.k8s.aws/x" does not exist.',
              },
            ],
          },
        ),
      ],
    },
    'readiness-probe-failure||target-health.elbv2.k8s.aws/x',
    'load balancer',
  ],
  [
    'an init container that waits for ever',
    {
      pods: [
        pod({
          ...running({ state: { kind: 'running', startedAt: '2025-12-31T23:50:00.000Z' } }),
          name: 'wait',
          role: 'init',
          logs: { current: { text: 'waiting for redis\n', cut: false } },
        }),
      ],
    },
    'init-container-failure|wait|wait',
    'does not end',
  ],
];

describe.each([
  ['when no pod is made', NO_POD],
  ['when no node takes a pod', NO_NODE],
  ['when a node cannot bring a pod up', PLACED],
  ['when an image cannot be pulled', IMAGES],
  ['when a container cannot be started', STARTS],
  ['when a probe fails', PROBES],
  ['when memory runs out', MEMORY],
  ['when a name is not found', NAMES],
  ['when a container serves all the same', STILL_SERVING],
  ['when a Service leads nowhere', SERVICES],
  ['when a Job does not do its work', JOBS],
  ['when something stands', STANDING],
])('%s', (_when, cases) => {
  test.each(cases)('%s', (_sentence, seen, key, ...said) => {
    const [first] = classify(evidence(seen));
    expect(first?.key).toBe(key);
    for (const text of said) expect(first?.summary).toContain(text);
    expect(first?.quotes.length).toBeGreaterThan(0);
  });
});
