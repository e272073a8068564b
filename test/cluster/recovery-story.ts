import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { placeOf } from '../../dev/workloads/faults/fault.ts';
import { applyFault, FAULTS } from '../../dev/workloads/faults/registry.ts';
import { AGENT_BRUNO } from '../../dev/workloads/targets.ts';
import type { ReceivedPage } from '../../dev/world/page-receiver.ts';
import type { Observer } from '../../dev/world/recovery.ts';
import type { World } from '../../dev/world/world.ts';
import { workflowIdOf } from '../../src/recovery/ids.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import type { Target } from '../../src/recovery/values.ts';
import { executeUpdate } from '../../src/temporal/updates.ts';
import type { RecordAnswer } from '../../src/workflows/recovery.ts';
import { type AuditEntry, auditLogEnd, auditLogOf, changesOf, kintsugiCalls } from './audit-log.ts';

/** Tells one fault's recovery from its alert to its end, by what Temporal, the API server and the people's pager saw. */

export const TRIGGER = 'AgentBrunoPodCrashLooping';
/** All alerts that open a recovery of Agent Bruno. */
const TRIGGERS = [TRIGGER, 'AgentBrunoImagePullFailing'];
export const KOSMOS_TRIGGERS = ['KosmosAgentCrashLooping', 'KosmosAgentOOMKilled', 'KosmosAgentUnresponsive'];
const LONGEST_MS = 6 * 60_000;

/** A fault that was made, and the places in the pager and in the audit log where its story begins. */
export interface Story {
  workflowId: string;
  target: Target;
  since: Date;
  firstPage: number;
  auditStart: number;
}

/** Makes a fault on the healthy world. */
export async function begin(world: World, fault: string): Promise<Story> {
  const { kubernetes: kube, namespaces, pages } = world;
  const broken = FAULTS.get(fault)?.target ?? AGENT_BRUNO;
  const target = { kind: broken.kind, ...placeOf({ namespaces }, broken) };
  const story = {
    workflowId: workflowIdOf('development', target),
    target,
    since: new Date(),
    firstPage: pages.pages.length,
    auditStart: auditLogEnd(auditLogOf(world.cluster.auditLog)),
  };
  await applyFault(fault, { kube, namespaces, registry: world.cluster.registry, progress: () => undefined });
  return story;
}

/** Follows the story's recovery until `done` says so of its record. Throws with the record's attempts after six minutes. */
export async function reached(
  observer: Observer,
  { workflowId, since }: Story,
  done: (record: RecoveryRecord) => boolean,
): Promise<RecordAnswer> {
  const end = Date.now() + LONGEST_MS;
  for (;;) {
    const answer = await observer.read(workflowId);
    // The id is the target's: the recovery before this one answers to it too.
    const own = answer !== null && Date.parse(answer.record.openedAt) >= since.getTime();
    if (own && done(answer.record)) return answer;
    if (Date.now() > end) {
      const found = own ? answer.record : { earlier: answer?.record ?? 'no recovery was ever opened' };
      throw new Error(`not reached: ${JSON.stringify(found, null, 1)}`);
    }
    await sleep(500);
  }
}

/**
 * Waits until neither Prometheus nor any Alertmanager has an alert that would open a recovery: an Alertmanager repeats what
 * Prometheus has just resolved.
 */
export async function alertsResolved(world: World, triggers: readonly string[] = TRIGGERS): Promise<void> {
  while ((await firing(world)).some((name) => triggers.includes(name))) await sleep(1_000);
}

const labels = z.object({ labels: z.record(z.string(), z.string()) });
const prometheusAlerts = z.object({ data: z.object({ alerts: z.array(labels.extend({ state: z.string() })) }) });
/** Alertmanager's API v2, `GET /alerts`: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
const alertmanagerAlerts = z.array(labels);

async function firing({ monitoring }: World): Promise<string[]> {
  const { data } = prometheusAlerts.parse(await answerOf(`${monitoring.prometheusUrl}/api/v1/alerts`));
  const told = monitoring.alertmanagerUrls.map((url) => answerOf(`${url}/api/v2/alerts?active=true`));
  const repeated = (await Promise.all(told)).flatMap((answer) => alertmanagerAlerts.parse(answer));
  const own = data.alerts.filter(({ state }) => state === 'firing');
  return [...own, ...repeated].map(({ labels: { alertname = '' } }) => alertname);
}

async function answerOf(url: string): Promise<unknown> {
  return (await fetch(url)).json();
}

/**
 * Closes the recovery that a crash during the start on a busy machine has opened, once its alert is over: it would take the
 * first fault for its relapse.
 */
export async function closeEarlier(world: World, observer: Observer, target: Target): Promise<void> {
  const workflowId = workflowIdOf('development', target);
  await alertsResolved(world, [...TRIGGERS, ...KOSMOS_TRIGGERS]);
  const earlier = await observer.read(workflowId);
  if (earlier !== null && earlier.record.closed === null) {
    await close(observer, { workflowId }, earlier.record.recoveryId);
  }
}

/** Closes the recovery by an order, and returns how it ended. */
export async function close(
  observer: Observer,
  { workflowId }: Pick<Story, 'workflowId'>,
  recoveryId: string,
): Promise<unknown> {
  const id = randomUUID();
  const handle = observer.client.workflow.getHandle(workflowId);
  const order = { id, recoveryId, actor: 'the test', reason: 'seen recovered', rootCause: 'the fault of this test' };
  await executeUpdate(handle, 'close', { argument: order, id });
  return handle.result();
}

/** Approves the remedy that is asked about, by an order for exactly its plan. */
export async function approve(observer: Observer, { workflowId }: Story, record: RecoveryRecord): Promise<void> {
  const asked = record.attempts.find(({ stage }) => stage === 'asked');
  const id = randomUUID();
  const order = { id, recoveryId: record.recoveryId, actor: 'the test', n: asked?.n, digest: asked?.digest };
  await executeUpdate(observer.client.workflow.getHandle(workflowId), 'approve', { argument: order, id });
}

/** Every workflow run that began in the story, with the number of its history's events. */
export async function runsOf(observer: Observer, { since }: Story): Promise<{ id: string; events: number }[]> {
  const runs: { id: string; events: number }[] = [];
  for await (const run of observer.client.workflow.list()) {
    if (run.startTime < since) continue;
    const { historyLength } = await observer.client.workflow.getHandle(run.workflowId, run.runId).describe();
    runs.push({ id: run.workflowId, events: historyLength });
  }
  return runs;
}

/** Pages and questions that people were sent in the story. */
export function pagesOf({ pages }: World, { firstPage }: Story): ReceivedPage[] {
  return pages.pages.slice(firstPage);
}

/** What Kintsugi asked of the API server in the story's namespaces, and the changes among it. */
export function callsOf(world: World, { auditStart }: Story): { calls: AuditEntry[]; changes: string[] } {
  const calls = kintsugiCalls(auditLogOf(world.cluster.auditLog), auditStart, Object.values(world.namespaces));
  return { calls, changes: changesOf(calls) };
}

/** One line for the table of figures. */
export function tell(
  world: World,
  story: Story,
  { fault, record, events }: { fault: string; record: RecoveryRecord; events: number },
): void {
  const alert = Date.parse(record.episode.brokenSince);
  const seconds = Math.round((Date.parse(record.recovered?.at ?? record.now) - alert) / 1000);
  const { calls } = callsOf(world, story);
  const remedies = record.attempts.map(({ remedy, stage }) => `${remedy} ${stage}`).join(', ');
  process.stderr.write(
    `${fault}: ${record.attempts[0]?.cause ?? 'no remedy'}: ${remedies}; ` +
      `${seconds} s from the alert to ${record.recovered === null ? 'a page' : 'recovered'}, ` +
      `${events} history events, ${calls.length} Kubernetes calls\n`,
  );
}
