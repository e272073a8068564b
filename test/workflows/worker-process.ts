import { setTimeout as sleep } from 'node:timers/promises';
import { heartbeat } from '@temporalio/activity';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Activities } from '../../src/recovery/activities.ts';
import { worker } from './environment.ts';
import { withFirstRung } from './runbooks.ts';
import { script } from './scripted-activities.ts';

/**
 * `node worker-process.ts ADDRESS QUEUE RUNG diagnose|applyAction`: a worker in a process of its own, for tests that kill it. The
 * named activity says on stdout what it was asked, and then never ends.
 */
const [address = '', queue = '', rung = '', held = ''] = process.argv.slice(2);

async function forEver(input: unknown): Promise<never> {
  process.stdout.write(`${JSON.stringify(input)}\n`);
  for (;;) {
    heartbeat();
    await sleep(500);
  }
}

const holding: Partial<Activities> = held === 'diagnose' ? { diagnose: forEver } : { applyAction: forEver };
const environment = await TestWorkflowEnvironment.createFromExistingServer({ address });
await (await worker(environment, script(holding, withFirstRung(rung)).activities, queue)).run();
