import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { execa } from 'execa';
import { z } from 'zod';
import type { Activities } from '../../src/recovery/activities.ts';
import { needs } from '../needs.ts';
import { smallRunbook } from '../recovery/samples.ts';
import { alert, freshQueue, startByAlert, until, worker } from '../workflows/environment.ts';
import {
  brokenLook,
  failed,
  healthyDiagnosis,
  inApproveMode,
  type Script,
  script,
} from '../workflows/scripted-activities.ts';
import { devServer, serverOfFile } from '../workflows/servers.ts';
import { kintsugi, kintsugiJson, PROGRAM } from './command.ts';

needs('temporal');

const RUNBOOK = 'agent-bruno-pod-crash-loop';
const TARGET = 'bruno/deployment/agent-bruno';

const server = serverOfFile(devServer);

/** A cluster of its own: what the command line needs to know, and its queue. */
interface TestCluster {
  queue: string;
  workflowId: string;
  environment: Record<string, string>;
}

function testCluster(): TestCluster {
  const queue = freshQueue();
  const cluster = queue.replace(/^kintsugi-/, '');
  const environment = { TEMPORAL_ADDRESS: server.address, KINTSUGI_CLUSTER: cluster };
  return { queue, workflowId: `recovery/${cluster}/${TARGET}`, environment };
}

/** Runs `use` while a worker with scripted activities serves a new cluster. */
async function withWorker<T>(
  changes: Partial<Activities>,
  use: (cluster: TestCluster, acted: Script) => Promise<T>,
  runbook = smallRunbook(),
): Promise<T> {
  const cluster = testCluster();
  const acted = script(changes, runbook);
  const running = await worker(server.environment, acted.activities, cluster.queue);
  return running.runUntil(() => use(cluster, acted));
}

/** The approval that a recovery waits for. */
async function untilAsked({ workflowId }: TestCluster): Promise<{ recoveryId: string; digest: string }> {
  const handle = server.environment.client.workflow.getHandle(workflowId);
  const { record } = await until(handle, ({ record: { attempts } }) => attempts.some(({ stage }) => stage === 'asked'));
  return { recoveryId: record.recoveryId, digest: record.attempts[0]?.digest ?? '' };
}

interface Listed {
  id: string;
  phase: string | null;
  outcome: string | null;
  deadline: string | null;
}

const listSchema = z.object({
  recoveries: z.array(
    z.looseObject({
      id: z.string(),
      phase: z.nullable(z.string()),
      outcome: z.nullable(z.string()),
      deadline: z.nullable(z.string()),
    }),
  ),
});

/** Lists until a recovery is as wanted: Temporal's lists follow a moment later. */
async function untilListed(
  command: string[],
  environment: Record<string, string>,
  wanted: (recovery: Listed) => boolean,
): Promise<Listed[]> {
  for (;;) {
    const { exitCode, answer } = await kintsugiJson(command, environment);
    expect(exitCode).toBe(0);
    const { recoveries } = listSchema.parse(answer);
    if (recoveries.some(wanted)) return recoveries;
  }
}

describe('run', () => {
  test('starts a recovery, tells it as it happens on stderr, and ends with 0 when it has recovered', async () => {
    await withWorker({}, async ({ environment, workflowId }) => {
      const run = ['run', RUNBOOK, '--actor', 'ana', '--reason', 'a drill', '--deadline', '10m'];
      const { exitCode, answer, stderr } = await kintsugiJson(run, environment);
      expect(exitCode).toBe(0);
      expect(answer).toMatchObject({ workflowId, runbook: RUNBOOK, joined: false, ended: 'recovered' });
      expect(stderr).toContain(`recovery of ${TARGET}, started by ana, not verified (a drill)`);
      expect(stderr).toContain('cause: oom-killed');
      expect(stderr).toContain('RECOVERED by a remedy');
    });
  }, 90_000);

  test('joins the recovery that is open on the target, and says so', async () => {
    await withWorker({}, async (cluster) => {
      await startByAlert(server.environment, cluster.queue, [alert(new Date().toISOString())]);
      const { exitCode, answer, stderr } = await kintsugiJson(['run', RUNBOOK], cluster.environment);
      expect(exitCode).toBe(0);
      expect(answer).toMatchObject({ joined: true, ended: 'recovered', record: { startedBy: 'alert' } });
      expect(stderr).toContain('open already');
    });
  }, 90_000);

  test("of a pod follows on to the recovery of the pod's owner, and reports that one", async () => {
    const cluster = testCluster();
    const { queue, workflowId, environment } = cluster;
    const forward: Activities['forward'] = async ({ alerts }) => {
      await startByAlert(server.environment, queue, [...alerts, alert(new Date().toISOString())]);
      return { workflowId };
    };
    const running = await worker(server.environment, script({ forward }).activities, queue);
    await running.runUntil(async () => {
      const run = ['run', RUNBOOK, '--target', 'bruno/pod/agent-bruno-5d9-x2b', '--actor', 'ana'];
      const { exitCode, answer, stderr } = await kintsugiJson(run, environment);
      expect(exitCode).toBe(0);
      expect(answer).toMatchObject({ workflowId, ended: 'recovered', record: { startedBy: 'alert' } });
      const told = stderr.split('\n');
      const forwarded = told.findIndex((line) => line.includes(`sent on to ${workflowId}`));
      expect(forwarded).toBeGreaterThan(-1);
      expect(told.findIndex((line) => line.includes('RECOVERED'))).toBeGreaterThan(forwarded);
    });
  }, 90_000);

  test('ends with 1 when a person was paged', async () => {
    const useless = { verify: async () => failed, look: async () => brokenLook };
    const oneRemedy = smallRunbook((content) => {
      const causes = content.spec.causes.map((cause) => ({ ...cause, remedies: cause.remedies.slice(0, 1) }));
      return { ...content, spec: { ...content.spec, causes } };
    });
    await withWorker(
      useless,
      async ({ environment }, { pages }) => {
        const { exitCode, answer, stderr } = await kintsugiJson(['run', RUNBOOK], environment);
        expect(exitCode).toBe(1);
        expect(answer).toMatchObject({ ended: 'paged' });
        expect(stderr).toContain('webhook took the page');
        expect(pages[0]).toMatchObject({ event: 'trigger', notifier: 'webhook' });
      },
      oneRemedy,
    );
  }, 90_000);

  test('with --mode observe ends at the plan with 0 and changes nothing', async () => {
    await withWorker({}, async ({ environment }, { calls }) => {
      const { exitCode, answer } = await kintsugiJson(['run', RUNBOOK, '--mode', 'observe'], environment);
      expect(exitCode).toBe(0);
      expect(answer).toMatchObject({ ended: 'observed', outcome: 'observed' });
      expect(calls).not.toContain('applyAction');
    });
  }, 90_000);

  test('ends with 2 and the reason when the worker refuses the start', async () => {
    const refuse: Partial<Activities> = {
      loadRunbook: async () => {
        throw ApplicationFailure.nonRetryable('there is no runbook of that name', 'not-found');
      },
    };
    await withWorker(refuse, async ({ environment }) => {
      const { exitCode, answer } = await kintsugiJson(['run', RUNBOOK], environment);
      expect(exitCode).toBe(2);
      expect(answer).toMatchObject({ error: { code: 'invalid', message: expect.stringContaining('no runbook') } });
    });
  }, 90_000);
});

describe('list and show', () => {
  test('find a recovery by target, workflow id and recovery id, with its events', async () => {
    await withWorker(inApproveMode, async (cluster) => {
      await startByAlert(server.environment, cluster.queue, [alert(new Date().toISOString())]);
      const { recoveryId } = await untilAsked(cluster);
      for (const id of [TARGET, cluster.workflowId, recoveryId]) {
        const { exitCode, answer } = await kintsugiJson(['show', id], cluster.environment);
        expect(exitCode).toBe(0);
        expect(answer).toMatchObject({ recoveryId, runbookName: RUNBOOK, events: expect.any(Array) });
      }
      const { stdout } = await kintsugi(['show', TARGET], cluster.environment);
      expect(stdout).toContain('phase      awaiting-approval');
      expect(stdout).toMatch(/\d\d:\d\d:\d\dZ {2}attempt 1 waits for approval/);
    });
  }, 90_000);

  test('list what is open with its deadline, and with --all what has ended', async () => {
    await withWorker(inApproveMode, async (cluster) => {
      const { environment, queue } = cluster;
      await startByAlert(server.environment, queue, [alert(new Date().toISOString())]);
      const { recoveryId: id } = await untilAsked(cluster);
      const open = await untilListed(['list'], environment, ({ phase }) => phase === 'awaiting-approval');
      expect(open).toMatchObject([{ id, target: TARGET, runbook: RUNBOOK, cause: 'oom-killed', outcome: null }]);
      expect(Date.parse(open[0]?.deadline ?? '')).toBeGreaterThan(Date.now());
      const order = ['close', id, '--actor', 'ana', '--root-cause', 'a leak'];
      expect(await kintsugiJson(order, environment)).toMatchObject({ exitCode: 0, answer: { state: 'accepted' } });
      await server.environment.client.workflow.getHandle(cluster.workflowId).result();
      const all = await untilListed(['list', '--all'], environment, ({ outcome }) => outcome === 'closed');
      expect(all).toMatchObject([{ id, phase: 'closed', deadline: null }]);
      expect((await kintsugi(['list'], environment)).stdout).toBe('no recoveries');
    });
  }, 90_000);

  test('--follow prints each event once, as it happens, until the recovery is closed', async () => {
    await withWorker(inApproveMode, async (cluster) => {
      const { environment, queue } = cluster;
      await startByAlert(server.environment, queue, [alert(new Date().toISOString())]);
      const { recoveryId } = await untilAsked(cluster);
      const following = execa(process.execPath, [PROGRAM, 'show', TARGET, '--follow', '--json'], {
        env: environment,
        reject: false,
      });
      await once(following.stdout, 'data');
      await kintsugi(['close', recoveryId, '--actor', 'ana'], environment);
      const { exitCode, stdout } = await following;
      const lines: { event?: { seq: number; kind: string }; record?: object }[] = stdout
        .split('\n')
        .map((line) => JSON.parse(line));
      const seqs = lines.flatMap(({ event }) => event?.seq ?? []);
      expect(exitCode).toBe(0);
      expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
      expect(lines.at(-2)).toMatchObject({ event: { kind: 'closed', outcome: 'closed' } });
      expect(lines.at(-1)).toMatchObject({ record: { recoveryId } });
    });
  }, 90_000);

  test('--follow ends with 130 by Ctrl-C, and the recovery goes on', async () => {
    await withWorker(inApproveMode, async (cluster) => {
      const handle = await startByAlert(server.environment, cluster.queue, [alert(new Date().toISOString())]);
      await untilAsked(cluster);
      const following = execa(process.execPath, [PROGRAM, 'show', TARGET, '--follow'], {
        env: cluster.environment,
        reject: false,
      });
      await once(following.stdout, 'data');
      following.kill('SIGINT');
      expect((await following).exitCode).toBe(130);
      expect((await handle.describe()).status.name).toBe('RUNNING');
    });
  }, 90_000);

  test('of an id that Temporal does not know end with 2', async () => {
    const { exitCode, answer } = await kintsugiJson(['show', TARGET], testCluster().environment);
    expect(exitCode).toBe(2);
    expect(answer).toMatchObject({ error: { code: 'not-found' } });
  }, 60_000);

  test('show what Temporal alone knows, and end with 3, when no worker answers', async () => {
    const { environment, workflowId, queue } = testCluster();
    await startByAlert(server.environment, queue, [alert(new Date().toISOString())]);
    const { exitCode, answer } = await kintsugiJson(['show', TARGET], environment);
    expect(exitCode).toBe(3);
    expect(answer).toMatchObject({
      error: { code: 'unavailable', message: expect.stringContaining('no worker') },
      stored: { workflowId, runbook: RUNBOOK, status: 'RUNNING' },
    });
  }, 60_000);
});

describe('orders', () => {
  test('approve lets the remedy that waits go on, if the plan is still the one that was seen', async () => {
    await withWorker(inApproveMode, async (cluster, { calls }) => {
      const { environment, queue } = cluster;
      await startByAlert(server.environment, queue, [alert(new Date().toISOString())]);
      const { recoveryId, digest } = await untilAsked(cluster);
      const order = ['approve', recoveryId, '--actor', 'ana', '--attempt', '1'];
      const stale = await kintsugiJson([...order, '--digest', 'another'], environment);
      expect(stale).toMatchObject({ exitCode: 4, answer: { error: { code: 'refused' } } });
      expect(calls).not.toContain('applyAction');
      const taken = await kintsugiJson([...order, '--digest', digest, '--reason', 'seen'], environment);
      expect(taken).toMatchObject({ exitCode: 0, answer: { order: 'approve', recoveryId, state: 'accepted' } });
      const handle = server.environment.client.workflow.getHandle(cluster.workflowId);
      const { events } = await until(handle, ({ record }) => record.recovered !== null);
      expect(events.filter(({ kind }) => kind === 'order')).toMatchObject([
        { name: 'approve', actor: 'ana', accepted: false },
        { name: 'approve', actor: 'ana', accepted: true },
      ]);
    });
  }, 90_000);

  test('approve without a digest shows the plan that waits, and approves exactly that one', async () => {
    await withWorker(inApproveMode, async (cluster) => {
      const { environment, queue } = cluster;
      await startByAlert(server.environment, queue, [alert(new Date().toISOString())]);
      const { recoveryId, digest } = await untilAsked(cluster);
      const { exitCode, stderr } = await kintsugi(['approve', TARGET, '--actor', 'ana'], environment);
      expect(exitCode).toBe(0);
      expect(stderr).toContain(`attempt 1, raise-memory (digest ${digest}):`);
      expect(stderr).toContain('- /spec/template/spec/containers/0/resources/limits/memory: "1Gi"');
      const handle = server.environment.client.workflow.getHandle(cluster.workflowId);
      const { events } = await until(handle, ({ record }) => record.recovered !== null);
      expect(events.filter(({ kind }) => kind === 'order')).toMatchObject([
        { name: 'approve', accepted: true, args: { n: 1, digest } },
      ]);
      expect(recoveryId).toContain('@');
    });
  }, 90_000);

  test('approve without a digest ends with 3 when no worker answers: nobody could have seen what it approves', async () => {
    const { environment, queue } = testCluster();
    await startByAlert(server.environment, queue, [alert(new Date().toISOString())]);
    const bare = await kintsugiJson(['approve', TARGET, '--actor', 'ana'], environment);
    expect(bare).toMatchObject({ exitCode: 3, answer: { error: { code: 'unavailable' } } });
    const named = await kintsugiJson(['approve', TARGET, '--actor', 'ana', '--digest', 'seen'], environment);
    expect(named).toMatchObject({ exitCode: 0, answer: { order: 'approve', state: 'kept' } });
  }, 90_000);

  test('that are not possible now end with 4 and the reason', async () => {
    const healthy = { diagnose: async () => healthyDiagnosis };
    await withWorker(healthy, async (cluster) => {
      const { environment, queue, workflowId } = cluster;
      await startByAlert(server.environment, queue, [alert(new Date().toISOString())]);
      await until(server.environment.client.workflow.getHandle(workflowId), ({ record }) => record.runbook !== null);
      const { exitCode, answer } = await kintsugiJson(['approve', TARGET, '--actor', 'ana'], environment);
      expect(exitCode).toBe(4);
      expect(answer).toMatchObject({ error: { code: 'refused', message: expect.stringContaining('nothing waits') } });
      const { stderr } = await kintsugi(['undo', TARGET, '--actor', 'ana'], environment);
      expect(stderr).toContain('no change of this recovery stands');
    });
  }, 90_000);

  test('to a recovery that has ended are refused with 4, also while the next one of its target is open', async () => {
    await withWorker(inApproveMode, async (cluster) => {
      const { environment, queue, workflowId } = cluster;
      const handle = await startByAlert(server.environment, queue, [alert(new Date().toISOString())]);
      const { recoveryId: first } = await untilAsked(cluster);
      await kintsugi(['close', first, '--actor', 'ana'], environment);
      await handle.result();
      await startByAlert(server.environment, queue, [alert(new Date().toISOString(), { fingerprint: 'f2' })]);
      const { recoveryId: second } = await untilAsked(cluster);
      expect(second).not.toBe(first);
      const { exitCode, answer } = await kintsugiJson(['approve', first, '--actor', 'ana'], environment);
      expect(exitCode).toBe(4);
      expect(answer).toMatchObject({ error: { message: expect.stringContaining('has ended'), where: first } });
      const unknown = await kintsugiJson(['approve', `${workflowId}@00000000`, '--actor', 'ana'], environment);
      expect(unknown).toMatchObject({ exitCode: 2, answer: { error: { code: 'not-found' } } });
    });
  }, 90_000);

  test('without a worker are kept in Temporal, and taken when one returns', async () => {
    const cluster = testCluster();
    const { environment, queue, workflowId } = cluster;
    const handle = await startByAlert(server.environment, queue, [alert(new Date().toISOString())]);
    const faulty = await kintsugiJson(
      ['extend', TARGET, '--by', '99m', '--reason', 'r', '--actor', 'ana'],
      environment,
    );
    expect(faulty).toMatchObject({
      exitCode: 2,
      answer: { error: { code: 'invalid', message: expect.stringContaining('at most 15m') } },
    });
    const nobody = await kintsugiJson(['undo', TARGET, '--actor', ' '], environment);
    expect(nobody).toMatchObject({ exitCode: 2, answer: { error: { code: 'invalid' } } });
    const order = await kintsugiJson(['close', TARGET, '--actor', 'ana'], environment);
    expect(order).toMatchObject({ exitCode: 0, answer: { order: 'close', state: 'kept' } });
    const running = await worker(server.environment, script().activities, queue);
    const result = await running.runUntil(() => handle.result());
    expect(result).toMatchObject({ outcome: 'closed' });
    const late = await kintsugiJson(['close', workflowId, '--actor', 'ana'], environment);
    expect(late).toMatchObject({ exitCode: 4, answer: { error: { message: expect.stringContaining('has ended') } } });
  }, 90_000);
});
