import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../src/recovery/activities.ts';
import { RESTORE, restoreRunbook } from '../recovery/simulated-procedures.ts';
import { freshQueue, type RecoveryHandle, worker } from './environment.ts';
import { healthyDiagnosis, type Script, script } from './scripted-activities.ts';

/** A worker on whose target all is well, and that knows the procedure `restore`, approved by `quorum` people. */
export function restoring(changes: Partial<Activities> = {}, quorum = 1): Script {
  const own = { version: '1.0', digest: 'd'.repeat(64), workerMode: 'auto' as const };
  return script({
    loadRunbook: async ({ name }) => ({ name, ...own, runbook: restoreRunbook(quorum), procedure: 'restore' }),
    diagnose: async () => healthyDiagnosis,
    ...changes,
  });
}

/** Starts it as the command line and the Temporal UI do, and sees what becomes of it beside its worker. */
export async function besideProcedure(
  environment: TestWorkflowEnvironment,
  played: Script,
  see: (handle: RecoveryHandle) => Promise<void>,
  input: object = {
    target: 'bruno/deployment/agent-bruno',
    procedure: 'restore',
    params: { claim: 'data' },
    actor: 'ana',
  },
): Promise<void> {
  const queue = freshQueue();
  const running = await worker(environment, played.activities, queue);
  await running.runUntil(async () => {
    const cluster = queue.replace(/^kintsugi-/, '');
    const workflowId = `recovery/${cluster}/bruno/deployment/agent-bruno`;
    const { client } = environment;
    await client.workflow.start(RESTORE, { workflowId, taskQueue: queue, args: [input] });
    await see(client.workflow.getHandle(workflowId) as RecoveryHandle);
  });
}
