import { setTimeout as sleep } from 'node:timers/promises';
import { heartbeat } from '@temporalio/activity';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { createEscalation } from '../../src/activities/escalate.ts';
import { alive } from '../../src/activities/heartbeat.ts';
import { createNotifiers } from '../../src/notify/create.ts';
import type { Activities, StepContext } from '../../src/recovery/activities.ts';
import { createWorkers } from '../../src/worker/workers.ts';
import { readName } from './paging-names.ts';
import { withFirstRung } from './runbooks.ts';
import { brokenLook, failed, healthyLook, passed, script } from './scripted-activities.ts';

/**
 * `node paging-process.ts ADDRESS QUEUE BUNDLE WEBHOOK SLOTS`: a worker as the product runs it, whose pages really go to the webhook.
 * What it does on targets is played: a target's name says in which phase its recovery hangs, and for how long.
 */
const [address = '', taskQueue = '', codePath = '', webhookUrl = '', slots = ''] = process.argv.slice(2);

/** A step on a target that never answers, and does not hear that it is cancelled. */
async function forEver(): Promise<never> {
  for (;;) {
    heartbeat();
    await sleep(500);
  }
}

const played = script().activities;
const hangsIn = (phase: string, { target }: StepContext) => readName(target.name).phase === phase;

const activities: Activities = {
  ...played,
  loadRunbook: async (input) => {
    const { phase, rung } = readName(input.target?.name ?? '');
    const loaded = { ...(await played.loadRunbook(input)), runbook: withFirstRung(rung) };
    return phase === 'asking' ? { ...loaded, workerMode: 'approve' } : loaded;
  },
  diagnose: (input) => (hangsIn('diagnosing', input) ? forEver() : played.diagnose(input)),
  applyAction: (input) => (hangsIn('applying', input) ? forEver() : played.applyAction(input)),
  verify: async (input) => {
    if (hangsIn('verifying', input)) return forEver();
    return hangsIn('well', input) ? passed : failed;
  },
  look: async (input) => (hangsIn('well', input) ? healthyLook : brokenLook),
  ...createEscalation({
    // A recovery whose runbook is not loaded yet pages those of the configuration.
    notifiers: createNotifiers({ log: pino({ level: 'silent' }), webhookUrl, defaultNotifiers: ['webhook'] }),
    log: pino({ level: 'silent' }),
  }),
};

const { nativeConnection } = await TestWorkflowEnvironment.createFromExistingServer({ address });
const workers = await createWorkers({
  connection: nativeConnection,
  namespace: 'default',
  taskQueue,
  workflowBundle: { codePath },
  activities: alive(activities),
  limits: { cachedWorkflows: 200, concurrentActivities: Number(slots) },
});
const run = workers.run();
process.stdout.write('polls\n');
await run;
