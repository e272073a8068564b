import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { grantKintsugi } from '../../dev/workloads/access.ts';
import { type RunningKintsugi, startKintsugi } from '../../dev/world/kintsugi.ts';
import { follow } from '../../dev/world/recovery.ts';
import { startTemporal, type TemporalServer } from '../../dev/world/temporal.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import type { Target } from '../../src/recovery/values.ts';
import { executeUpdate } from '../../src/temporal/updates.ts';
import type { RecordAnswer } from '../../src/workflows/recovery.ts';
import { provided } from '../needs.ts';
import type { AuditEntry } from './audit-log.ts';
import { type CrashRunbook, crashRunbook, registryMirrors } from './crashing-app.ts';
import { createNamespace, deleteNamespace } from './namespace.ts';
import { provideServingApp } from './serving-app.ts';
import { type Surroundings, startSurroundings, startTogether, type Undo } from './surroundings.ts';

/** A namespace with a runbook of its own for its Deployment `app`. */
export interface Scene extends Pick<CrashRunbook, 'name' | 'namespace' | 'alert'> {
  target: Target;
  workflowId: string;
}

export interface SceneOptions {
  /** `20s`: the first rung. */
  deadline?: string;
  /** Whether remedies run by themselves; else Kintsugi only observes. */
  auto?: boolean;
  /** Whether Kintsugi's user has the role to act there; by default where it is `auto`. */
  mayAct?: boolean;
  /** Whether the runbook names its workload; else the alert's pod says which. */
  named?: boolean;
  /** How long a hold on what Git owns stands at most; without it the remedy holds nothing. */
  hold?: string;
  /** Further actions of the remedy, between its raise and the wait. */
  more?: object[];
  /** The Deployment's name, `app` if not given, and the alert's. */
  workload?: string;
  alert?: string;
}

/** Temporal, Kintsugi behind a proxy that can hold its calls, somebody who is paged; no app runs yet. */
export interface ChaosWorld<Name extends string>
  extends Pick<Surroundings, 'temporal' | 'observer' | 'pages' | 'proxy'> {
  /** The cluster's name in workflow ids. */
  cluster: string;
  kubernetes: Kubernetes;
  /** Starts Temporal again, with its data and where it was. */
  restartTemporal(): Promise<TemporalServer>;
  kintsugi: RunningKintsugi;
  scenes: Record<Name, Scene>;
  /** What Kintsugi asked of the API server since the world began, from the cluster's audit log. */
  audit(): AuditEntry[];
  stop(): Promise<void>;
}

/** The id of a target's recovery. */
export function workflowIdOf(cluster: string, { namespace, kind, name }: Target): string {
  return `recovery/${cluster}/${namespace}/${kind.toLowerCase()}/${name}`;
}

/** A recovery that takes longer than this has failed. */
const LONGEST_MS = 120_000;

/** Starts everything; what fails takes back all that was started. */
export async function startChaosWorld<Name extends string>(
  scenes: Record<Name, SceneOptions>,
  { alertmanagerUrl }: { alertmanagerUrl?: string } = {},
): Promise<ChaosWorld<Name>> {
  const own = alertmanagerUrl === undefined ? {} : { alertmanagerUrl };
  return startTogether('kintsugi-chaos-', (folder, undo) => startParts(scenes, { folder, undo, ...own }));
}

async function startParts<Name extends string>(
  wanted: Record<Name, SceneOptions>,
  { folder, undo, ...own }: { folder: string; undo: Undo; alertmanagerUrl?: string },
): Promise<Omit<ChaosWorld<Name>, 'stop'>> {
  const kubernetes = connectKubernetes({ kubeconfig: provided('cluster') });
  const cluster = `chaos-${randomBytes(3).toString('hex')}`;
  const scenes = await makeScenes(kubernetes, cluster, wanted, undo);
  const options = new Map<Scene, SceneOptions>(sceneNames(wanted).map((name) => [scenes[name], wanted[name]]));
  const chosen = (is: (of: SceneOptions) => boolean) =>
    [...options].flatMap(([scene, of]) => (is(of) ? [scene.namespace] : []));
  await grantKintsugi(kubernetes, { actIn: chosen(({ auto = true, mayAct = auto }) => mayAct) });
  const runbooks = writeRunbooks(join(folder, 'runbooks'), options);

  const { kubeconfig, auditSince, auditEnd, ...around } = await startSurroundings(folder, cluster, undo);
  const begin = auditEnd();
  const { temporal, pages } = around;
  const restartTemporal = async () => {
    const again = await startTemporal(folder, () => undefined, undefined, temporal.address);
    undo.push(again.stop);
    return again;
  };
  const kintsugi = await startKintsugi({
    folder: join(folder, 'kintsugi'),
    kubeconfig,
    temporal,
    runbooks,
    cluster,
    auto: chosen(({ auto = true }) => auto),
    mirrors: registryMirrors(),
    webhookUrl: pages.url,
    ...own,
  });
  undo.push(kintsugi.stop);
  return { ...around, cluster, kubernetes, restartTemporal, kintsugi, scenes, audit: () => auditSince(begin) };
}

async function makeScenes<Name extends string>(
  kubernetes: Kubernetes,
  cluster: string,
  wanted: Record<Name, SceneOptions>,
  undo: Undo,
): Promise<Record<Name, Scene>> {
  const scenes: Partial<Record<Name, Scene>> = {};
  for (const name of sceneNames(wanted)) {
    const { workload = 'app', alert = `OutOfMemory-${name}` } = wanted[name];
    const namespace = await createNamespace(kubernetes, `chaos-${name}`);
    undo.push(() => deleteNamespace(kubernetes, namespace));
    await provideServingApp(kubernetes, namespace);
    const target = { namespace, kind: 'Deployment', name: workload };
    const workflowId = workflowIdOf(cluster, target);
    scenes[name] = { name: `out-of-memory-${name}`, namespace, alert, target, workflowId };
  }
  return complete(scenes, sceneNames(wanted));
}

function sceneNames<Name extends string>(wanted: Record<Name, SceneOptions>): Name[] {
  const names: Name[] = [];
  for (const name in wanted) names.push(name);
  return names;
}

function complete<Name extends string>(scenes: Partial<Record<Name, Scene>>, names: Name[]): Record<Name, Scene> {
  const isComplete = (some: Partial<Record<Name, Scene>>): some is Record<Name, Scene> =>
    names.every((name) => some[name] !== undefined);
  if (!isComplete(scenes)) throw new Error('a scene is missing');
  return scenes;
}

function writeRunbooks(folder: string, scenes: Map<Scene, SceneOptions>): string {
  mkdirSync(folder, { recursive: true });
  for (const [{ name, namespace, alert, target }, { deadline = '5m', named = true, hold, more }] of scenes) {
    const runbook = crashRunbook({
      name,
      namespace,
      alert,
      deadline,
      ...(named ? { target: target.name } : {}),
      ...(hold === undefined ? {} : { hold }),
      ...(more === undefined ? {} : { more }),
    });
    writeFileSync(join(folder, `${name}.yaml`), stringify(runbook));
  }
  return folder;
}

/** The patches of a scene's Deployment, by the status that each was answered with. */
export function patchesOf({ namespace, target }: Scene, calls: AuditEntry[]): number[] {
  return calls
    .filter(({ verb, objectRef }) => verb === 'patch' && objectRef.resource === 'deployments')
    .filter(({ objectRef }) => objectRef.namespace === namespace && objectRef.name === target.name)
    .map(({ responseStatus }) => responseStatus.code);
}

/** Whether a call is a patch of the scene's Deployment, for a hold. */
export function isPatchOf({ namespace, target }: Scene): (method: string, path: string) => boolean {
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${target.name}`;
  return (method, url) => method === 'PATCH' && url.startsWith(path);
}

/** Posts an alert to the gateway as Alertmanager does; returns the gateway's answer. */
export async function sendAlert(
  { kintsugi }: Pick<ChaosWorld<string>, 'kintsugi'>,
  labels: Record<string, string>,
  startsAt = new Date().toISOString(),
): Promise<{ status: number; body: string }> {
  const fingerprint = createHash('sha256').update(JSON.stringify(labels)).digest('hex').slice(0, 16);
  const answer = await fetch(`${kintsugi.gatewayUrl}/api/v1/alerts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${kintsugi.gatewayToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      version: '4',
      groupKey: `{}:{alertname="${labels.alertname}"}`,
      status: 'firing',
      receiver: 'kintsugi',
      alerts: [{ status: 'firing', labels, annotations: {}, startsAt, fingerprint }],
    }),
  });
  return { status: answer.status, body: await answer.text() };
}

/** The alert of a scene, about its namespace. */
export function alertOf({ alert, namespace }: Scene): Record<string, string> {
  return { alertname: alert, namespace, severity: 'critical' };
}

/** Follows a recovery until its record is so. */
export async function untilRecord(
  { observer }: Pick<ChaosWorld<string>, 'observer'>,
  { workflowId }: Pick<Scene, 'workflowId'>,
  done: (record: RecoveryRecord) => boolean,
): Promise<RecordAnswer> {
  try {
    return await follow(observer, workflowId, { done, signal: AbortSignal.timeout(LONGEST_MS) });
  } catch (thrown) {
    const answer = await observer.read(workflowId);
    const events = answer?.events.slice(-15).map((event) => JSON.stringify(event)) ?? ['no record could be read'];
    throw new Error(`the recovery did not come so far:\n${events.join('\n')}`, { cause: thrown });
  }
}

/** Gives an order to a scene's recovery, as the command line does. */
export async function order(
  { observer }: Pick<ChaosWorld<string>, 'observer'>,
  { workflowId }: Scene,
  name: 'undo' | 'close',
): Promise<void> {
  const answer = await observer.read(workflowId);
  const id = randomUUID();
  const message = { id, recoveryId: answer?.record.recoveryId, actor: 'a test', reason: 'to see it' };
  await executeUpdate(observer.client.workflow.getHandle(workflowId), name, { argument: message, id });
}

/** The pod template of a scene's Deployment as it stands. */
export async function templateOf({ kubernetes }: Pick<ChaosWorld<string>, 'kubernetes'>, { namespace, target }: Scene) {
  const deployment = await kubernetes.apps.readNamespacedDeployment({ namespace, name: target.name });
  return deployment.spec?.template;
}

/** Kills a program outright and returns when it is gone. */
export async function kill(program: { pid: number; died(): string | undefined }): Promise<void> {
  process.kill(program.pid, 'SIGKILL');
  while (program.died() === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
}
