import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { readState } from '../../dev/cluster/state.ts';
import { provideImages } from '../../dev/images/provide.ts';
import { grantKintsugi } from '../../dev/workloads/access.ts';
import { deployKosmos, removeKosmos } from '../../dev/workloads/deploy.ts';
import { execInPod } from '../../dev/workloads/exec.ts';
import { namespacesWithSuffix } from '../../dev/workloads/namespaces.ts';
import { type RunningKintsugi, startKintsugi } from '../../dev/world/kintsugi.ts';
import { renderRunbooks } from '../../dev/world/runbooks.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { isReady } from '../../src/kubernetes/pods.ts';
import { proxyDownload } from '../../src/kubernetes/proxy.ts';
import { workflowIdOf } from '../../src/recovery/ids.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import type { Params, Target } from '../../src/recovery/values.ts';
import { provided } from '../needs.ts';
import { kill, untilRecord } from './chaos-world.ts';
import { type Surroundings, startSurroundings, startTogether, type Undo } from './surroundings.ts';
import { until } from './until.ts';
import { letVolumesGo, type VolumeWorld } from './volume-world.ts';
import { podsOf } from './workloads.ts';

const AGENT = 'kosmos-agent-runtime';
const CONTAINER = 'langgraph-runtime';
const PORT = 8000;
const silent = () => undefined;

/** A KOSMOS agent with its conversations on a volume, and Kintsugi whose calls can be held and whose worker can be killed. */
export interface RestoreWorld extends VolumeWorld, Omit<Surroundings, 'temporal' | 'kubeconfig'> {
  kubernetes: Kubernetes;
  workflowId: string;
  kintsugi: RunningKintsugi;
  /** Kills the worker and starts another. */
  replaceWorker(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts everything; what fails takes back all that was started. */
export async function startRestoreWorld(): Promise<RestoreWorld> {
  return startTogether('kintsugi-restore-', startParts);
}

async function startParts(folder: string, undo: Undo): Promise<Omit<RestoreWorld, 'stop'>> {
  const kubernetes = connectKubernetes({ kubeconfig: provided('cluster') });
  const suffix = randomBytes(3).toString('hex');
  const namespaces = namespacesWithSuffix(suffix);
  const registry = readState()?.access?.registry;
  await provideImages({ registry }, ['kosmos-agent'], silent);
  undo.push(() => removeKosmos(kubernetes, { namespaces }));
  undo.push(() => letVolumesGo(kubernetes, namespaces.kosmos));
  await deployKosmos(kubernetes, { namespaces, registry, progress: silent, agents: [AGENT] });
  await grantKintsugi(kubernetes, { actIn: [namespaces.kosmos] });

  const cluster = `restore-${suffix}`;
  const { kubeconfig, temporal, ...around } = await startSurroundings(folder, cluster, undo);
  const kintsugi = await startKintsugi({
    folder: join(folder, 'kintsugi'),
    kubeconfig,
    temporal,
    runbooks: renderRunbooks(join(folder, 'runbooks'), namespaces, {
      settle: '1s',
      set: [{ path: ['spec', 'verify', 'window'], value: { crashes: 3, min: '5s', max: '8s' } }],
    }),
    cluster,
    auto: [namespaces.kosmos],
    mirrors: {},
    webhookUrl: around.pages.url,
  });
  undo.push(kintsugi.stop);
  let { worker } = kintsugi;
  const replaceWorker = async () => {
    await kill(worker);
    worker = await kintsugi.startWorker();
  };
  const target: Target = { namespace: namespaces.kosmos, kind: 'Deployment', name: AGENT };
  return {
    ...around,
    kubernetes,
    target,
    claim: `${AGENT}-data`,
    workflowId: workflowIdOf(cluster, target),
    kintsugi,
    replaceWorker,
  };
}

const stateSchema = z.object({ conversations: z.number(), messages: z.number(), sha256: z.string() });
export type AgentState = z.infer<typeof stateSchema>;

/** What the agent's one ready pod says of its conversations; waits for that pod. */
export async function conversationsOf({ kubernetes, target }: RestoreWorld): Promise<AgentState> {
  const pod = await readyPod(kubernetes, target);
  const request = { namespace: target.namespace, through: 'pods' as const, name: pod, port: PORT, path: '/state' };
  const bytes = await proxyDownload(kubernetes, request, AbortSignal.timeout(10_000));
  return stateSchema.parse(JSON.parse(bytes.toString('utf8')));
}

/** Talks to the agent, which writes it to its volume. */
export async function say({ kubernetes, target }: RestoreWorld, conversation: string, text: string): Promise<void> {
  const body = JSON.stringify({ conversation, text });
  const program = [
    'import sys, urllib.request',
    `request = urllib.request.Request("http://127.0.0.1:${PORT}/message", sys.argv[1].encode(), {"content-type": "application/json"})`,
    'urllib.request.urlopen(request).read()',
  ].join('\n');
  const pod = await readyPod(kubernetes, target);
  const command = ['python', '-c', program, body];
  await execInPod(kubernetes.config, { namespace: target.namespace, pod, container: CONTAINER, command });
}

async function readyPod(kubernetes: Kubernetes, { namespace }: Target): Promise<string> {
  let name: string | undefined;
  await until('a ready pod of the agent', async () => {
    const pods = await podsOf(kubernetes, { namespace, kind: 'Deployment', name: 'kosmos-agents' });
    name = pods.find(isReady)?.metadata?.name;
    return name !== undefined;
  });
  return name ?? '';
}

/** Restores the world's claim from a snapshot. */
export function restore(world: RestoreWorld, snapshot: string, approve = true): Promise<string> {
  const params = { claim: world.claim, snapshot };
  return startProcedure(world, { runbook: 'kosmos-restore-snapshot', procedure: 'restore', params }, approve);
}

/** Starts a procedure as `kintsugi run` does, and approves exactly its plan. */
export async function startProcedure(
  world: RestoreWorld,
  { runbook, procedure, params }: { runbook: string; procedure: string; params: Params },
  approve = true,
): Promise<string> {
  const { observer, workflowId, target } = world;
  const handle = await observer.client.workflow.start(runbook, {
    workflowId,
    taskQueue: `kintsugi-${workflowId.split('/')[1]}`,
    args: [
      {
        target: `${target.namespace}/deployment/${target.name}`,
        procedure,
        params,
        actor: 'ana',
        reason: 'its conversations are lost',
      },
    ],
  });
  if (approve) await approveAs(world, 'ben');
  return handle.firstExecutionRunId;
}

/** Approves exactly the plan that is asked about, once it is. */
export async function approveAs(world: RestoreWorld, actor: string): Promise<void> {
  const { observer, workflowId } = world;
  const { record } = await untilRecord(world, world, ({ attempts }) => attempts.at(-1)?.stage === 'asked');
  const asked = record.attempts.at(-1);
  const order = { id: randomBytes(8).toString('hex'), recoveryId: record.recoveryId, actor };
  await observer.client.workflow
    .getHandle(workflowId)
    .executeUpdate('approve', { args: [{ ...order, n: asked?.n, digest: asked?.digest }], updateId: order.id });
}

/** Whether the procedure's attempt has come to its end, one way or the other. */
export function isOver({ attempts, closed }: RecoveryRecord): boolean {
  const stage = attempts.at(-1)?.stage;
  return closed !== null || stage === 'verified' || stage === 'undone' || stage === 'undo-refused';
}

/** Closes the recovery, if it has not closed by itself, so that the next one can begin. */
export async function end({ observer, workflowId }: RestoreWorld): Promise<void> {
  const answer = await observer.read(workflowId);
  const handle = observer.client.workflow.getHandle(workflowId);
  if (answer !== null && answer.record.closed === null) {
    const order = { id: randomBytes(8).toString('hex'), recoveryId: answer.record.recoveryId, actor: 'ana' };
    await handle
      .executeUpdate('close', { args: [{ ...order, reason: 'the test is over' }], updateId: order.id })
      .catch(() => undefined);
  }
  await handle.result();
}
