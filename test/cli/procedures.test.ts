import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Activities } from '../../src/recovery/activities.ts';
import { needs } from '../needs.ts';
import { raisePlan } from '../recovery/samples.ts';
import { restoreRunbook } from '../recovery/simulated-procedures.ts';
import {
  alert,
  close,
  freshQueue,
  order,
  type RecoveryHandle,
  startByAlert,
  until,
  worker,
} from '../workflows/environment.ts';
import { healthyDiagnosis, inApproveMode, type Script, script } from '../workflows/scripted-activities.ts';
import { devServer, serverOfFile } from '../workflows/servers.ts';
import { kintsugi, kintsugiJson } from './command.ts';

needs('temporal');

const server = serverOfFile(devServer);

const TARGET = 'bruno/deployment/agent-bruno';
const RUNBOOK = `apiVersion: kintsugi.dev/v1
kind: Runbook
metadata: { name: restore-snapshot, title: Restore, version: "1.0", severity: critical, component: web, service: state }
spec:
  params:
    claim: { type: string, required: true, text: The claim that is restored }
    clear: { type: boolean, default: false }
    wait: { type: duration, default: 180s }
  symptom: State was lost
  impact:
    user: { level: none, text: Nothing }
    business: { level: none, text: Nothing }
    data: { level: none, text: Nothing }
  target: { namespace: bruno, kinds: [Deployment], selector: app=agent-bruno }
  procedures:
    - name: restore
      text: Restores the claim
      actions: [{ rollout-restart: {} }, { wait-ready: { timeout: $wait } }]
  verify: { window: { min: 60s, max: 300s }, checks: [ready] }
  escalation: { team: web, steps: [contact] }
`;

let runbooks: string;
beforeAll(() => {
  runbooks = mkdtempSync(join(tmpdir(), 'runbooks-'));
  writeFileSync(join(runbooks, 'restore-snapshot.yaml'), RUNBOOK);
});
afterAll(() => rmSync(runbooks, { recursive: true }));

interface Beside {
  environment: Record<string, string>;
  queue: string;
  handle: RecoveryHandle;
}

/** Runs `use` while a worker serves a new cluster, on which the procedure needs `quorum` approvals. */
async function withWorker(
  changes: Partial<Activities>,
  use: (beside: Beside, acted: Script, loads: unknown[]) => Promise<void>,
  quorum = 1,
): Promise<void> {
  const queue = freshQueue();
  const cluster = queue.replace(/^kintsugi-/, '');
  const environment = { TEMPORAL_ADDRESS: server.address, KINTSUGI_CLUSTER: cluster, KINTSUGI_RUNBOOKS: runbooks };
  const first = script(inApproveMode).activities;
  const loads: unknown[] = [];
  const loadRunbook: Activities['loadRunbook'] = async (input) => {
    loads.push(input);
    if (input.name !== 'restore-snapshot') return first.loadRunbook(input);
    const own = { name: input.name, version: '1', digest: 'd', workerMode: 'auto' as const };
    return { ...own, runbook: restoreRunbook(quorum), procedure: 'restore' };
  };
  const acted = script({ loadRunbook, ...changes });
  const running = await worker(server.environment, acted.activities, queue);
  const handle = server.environment.client.workflow.getHandle(`recovery/${cluster}/${TARGET}`) as RecoveryHandle;
  await running.runUntil(() => use({ environment, queue, handle }, acted, loads));
}

const healthy = { diagnose: async () => healthyDiagnosis };

async function untilAsked(handle: RecoveryHandle): Promise<void> {
  for (;;) {
    const answer = await until(handle, () => true).catch(() => null);
    if (answer?.record.attempts.some(({ stage }) => stage === 'asked') === true) return;
  }
}

describe('kintsugi run of a procedure', () => {
  test('starts it with its parameters by their types, waits for its approval, and ends with 0 when it has recovered', async () => {
    await withWorker(healthy, async ({ environment, handle }, _acted, loads) => {
      const run = [
        'run',
        'restore-snapshot',
        TARGET,
        '--param',
        'claim=data',
        '--param',
        'clear=true',
        '--actor',
        'ana',
      ];
      const running = kintsugiJson(run, environment);
      await untilAsked(handle);
      expect(await kintsugi(['approve', TARGET, '--actor', 'bo'], environment)).toMatchObject({ exitCode: 0 });
      const { exitCode, answer, stderr } = await running;
      expect(exitCode).toBe(0);
      expect(answer).toMatchObject({ ended: 'recovered', joined: false, record: { procedure: { name: 'restore' } } });
      expect(stderr).toContain('procedure restore of bruno/deployment/agent-bruno, started by ana');
      expect(loads).toMatchObject([
        { procedure: 'restore', params: { claim: 'data', clear: true }, startedBy: 'person' },
      ]);
      expect((await kintsugi(['show', TARGET], environment)).stdout).toContain('procedure  restore, started by ana');
      await close(handle);
    });
  }, 90_000);

  test('that is not done ends with 1 and says why', async () => {
    const refusal = { code: 'not-found', reason: 'there is no snapshot of claim data' };
    const planRemedy: Activities['planRemedy'] = async () => ({ plans: [{ ...raisePlan, refusal }], digest: 'p' });
    await withWorker({ ...healthy, planRemedy }, async ({ environment }) => {
      const run = ['run', 'restore-snapshot', TARGET, '--param', 'claim=data'];
      const { exitCode, stdout } = await kintsugi(run, environment);
      expect(exitCode).toBe(1);
      expect(stdout.split('\n')[0]).toBe('not-done: there is no snapshot of claim data');
    });
  }, 90_000);

  test('with a wrong start ends with 2 and every fault, before Temporal is asked', async () => {
    const wrong = ['--procedure', 'restor', '--param', 'clear=perhaps', '--param', 'colour=red'];
    const environment = { KINTSUGI_RUNBOOKS: runbooks, TEMPORAL_ADDRESS: '127.0.0.1:1' };
    const { exitCode, answer } = await kintsugiJson(['run', 'restore-snapshot', TARGET, ...wrong], environment);
    expect(exitCode).toBe(2);
    const faults = [
      'did you mean "restore"',
      'no parameter "colour"',
      '"claim" is missing',
      '"perhaps" is not true or false',
    ];
    for (const fault of faults) expect(answer).toMatchObject({ error: { message: expect.stringContaining(fault) } });
    const twice = await kintsugi(['run', 'restore-snapshot', '--param', 'claim=a', '--param', 'claim=b'], environment);
    expect(twice).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('claim is given twice') });
  }, 60_000);

  test('on a target whose recovery is open gives the order to it, and follows the procedure to its own end', async () => {
    await withWorker({}, async ({ environment, queue, handle }) => {
      await startByAlert(server.environment, queue, [alert(new Date().toISOString())]);
      await untilAsked(handle);
      const run = ['run', 'restore-snapshot', TARGET, '--param', 'claim=data'];
      const nobody = await kintsugiJson(run, environment);
      expect(nobody).toMatchObject({ exitCode: 2, answer: { error: { fix: expect.stringContaining('--actor') } } });
      const running = kintsugiJson([...run, '--actor', 'ana'], environment);
      await until(handle, ({ record }) =>
        record.attempts.some(({ remedy, stage }) => remedy === 'restore' && stage === 'asked'),
      );
      await order(handle, 'reject');
      const { exitCode, answer, stderr } = await running;
      expect(exitCode).toBe(1);
      expect(answer).toMatchObject({ joined: true, ended: 'procedure-ended', why: 'rejected by ana' });
      expect(stderr).toContain('ordered restore on recovery/');
      await close(handle);
    });
  }, 90_000);
});
