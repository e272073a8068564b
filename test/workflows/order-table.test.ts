import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { answerTo, argumentsOf, everyOrder, type OrderAnswer, reasonText } from '../../dev/generate/orders.ts';
import {
  CAUSE,
  finding,
  IN_COMMAND,
  type PhaseStory,
  phaseStories,
  plan,
  type StoryName,
} from '../../dev/generate/phases.ts';
import { beating } from '../../src/activities/heartbeat.ts';
import type { Activities } from '../../src/recovery/activities.ts';
import type { OrderName } from '../../src/recovery/events.ts';
import { phaseOf } from '../../src/recovery/phase.ts';
import { needs } from '../needs.ts';
import { smallRunbook } from '../recovery/samples.ts';
import { alert, freshQueue, order, type RecoveryHandle, type TestWorkers, until, worker } from './environment.ts';
import { failed, passed, script } from './scripted-activities.ts';
import { serverOfFile, timeSkippingServer } from './servers.ts';

needs('java');

/**
 * Every order in every phase, given to real runs, and compared with the table in docs/reference/orders.md. A run is brought to its
 * phase by what its activities answer; there the next one stands still.
 */
const runbook = smallRunbook();
const queue = freshQueue();
let letGo: (reason: Error) => void = () => undefined;
const still = new Promise<never>((_, reject) => {
  letGo = reject;
});
still.catch(() => undefined);

/** The activity that stands still in a phase; the others answer. */
const STILL: Partial<Record<StoryName, keyof Activities>> = {
  'being-cancelled': 'look',
  diagnosing: 'diagnose',
  remediating: 'applyAction',
  verifying: 'verify',
  undoing: 'compensate',
  'taken-over': 'verify',
};

let running: TestWorkers;
let stopped: Promise<void>;

/** The phase that a run is brought to stands in its target's name, by which the one worker knows what to answer. */
function storyIn(input: unknown): PhaseStory {
  const text = JSON.stringify(input);
  const story = phaseStories.find(({ name }) => text.includes(`"agent-${name}-`) || text.includes(`/agent-${name}-`));
  if (story === undefined) throw new Error(`no phase in ${text.slice(0, 200)}`);
  return story;
}

function played(): Activities {
  const good = script({}, runbook).activities;
  const answers: Activities = {
    ...good,
    loadRunbook: async (input) => ({
      ...(await good.loadRunbook(input)),
      workerMode: storyIn(input).mode,
    }),
    classify: async () => ({ findings: [finding], checklist: [], steps: [] }),
    planRemedy: async (input) => {
      const refusal = storyIn(input).phase === 'paged' ? { refusal: { code: 'refused', reason: 'at the cap' } } : {};
      return { plans: [{ ...plan, ...refusal }], digest: 'd' };
    },
    verify: async (input) => (storyIn(input).phase === 'undoing' ? failed : passed),
    look: async () => ({ healthy: false, broken: false, better: false, saw: 'saw' }),
  };
  return Object.fromEntries(
    Object.entries(answers).map(([name, run]) => [
      name,
      (input: never) => {
        const stands = STILL[storyIn(input).name] === name || frozen.has(workloadIn(input));
        return stands ? beating(() => still) : run(input);
      },
    ]),
  ) as unknown as Activities;
}

/** Workloads whose recovery is where it should be: nothing more is answered, so that what follows an order stays to be seen. */
const frozen = new Set<string>();

function workloadIn(input: unknown): string {
  return /agent-[a-z-]+-\d+/.exec(JSON.stringify(input))?.[0] ?? '';
}

// What ends the worker stands before the server's end.
afterAll(async () => {
  letGo(new Error('the test is over'));
  running.shutdown();
  await stopped.catch(() => undefined);
}, 60_000);
const server = serverOfFile(timeSkippingServer);
beforeAll(async () => {
  running = await worker(server.environment, played(), queue, { maxConcurrentActivityTaskExecutions: 300 });
  stopped = running.run();
}, 60_000);

let count = 0;

/** A run in the story's phase. */
async function inPhase({ name: story, phase }: PhaseStory): Promise<RecoveryHandle> {
  count += 1;
  const name = `agent-${story}-${count}`;
  const startsAt = new Date(await server.environment.currentTimeMs()).toISOString();
  const workflowId = `recovery/${queue.replace(/^kintsugi-/, '')}/bruno/deployment/${name}`;
  const { client } = server.environment;
  await client.workflow.signalWithStart('agent-bruno-pod-crash-loop', {
    ...{ workflowId, taskQueue: queue, args: [{}], signal: 'alert' },
    signalArgs: [{ v: 1, runbook: 'agent-bruno-pod-crash-loop', after: '15m', alerts: [alert(startsAt)] }],
  });
  const handle = client.workflow.getHandle(workflowId) as RecoveryHandle;
  if (phase === 'taken-over') {
    await until(handle, ({ record }) => phaseOf(record) === 'verifying');
    await order(handle, 'takeOver', { actor: IN_COMMAND });
  }
  await until(handle, ({ record }) => phaseOf(record) === phase && isThere(record));
  if (story === 'being-cancelled') {
    await handle.cancel();
    await until(handle, ({ record }) => record.inFlight.target?.step === 'look' && record.inFlight.people === null);
  }
  frozen.add(name);
  return handle;
}

/** Whether the run is where its story is: not on its way there within the phase. */
function isThere(record: Awaited<ReturnType<typeof until>>['record']): boolean {
  const { inFlight, leaseHeld, attempts, pages } = record;
  switch (phaseOf(record)) {
    case 'diagnosing':
      return inFlight.target?.step === 'diagnose';
    case 'awaiting-approval':
      return attempts[0]?.approval?.sentBy != null && inFlight.people === null && inFlight.target === null;
    case 'settling':
    case 'taken-over':
      return !leaseHeld && inFlight.target === null;
    case 'undoing':
      return inFlight.target?.step === 'undo';
    case 'verifying':
      return inFlight.target?.step === 'verify';
    case 'paged':
      return pages[0]?.rungs[0]?.tries[0]?.taken === true && inFlight.people === null;
    default:
      return true;
  }
}

/** What has not come about by then is told as it is. */
const PATIENCE_MS = 20_000;

/** What really becomes of an order; what it stops takes a moment to end. */
async function given(
  handle: RecoveryHandle,
  name: OrderName,
  story: StoryName,
): Promise<Omit<OrderAnswer & { taken: true }, 'effect'> | OrderAnswer> {
  if (name === 'cancel') {
    await handle.cancel();
    const { record } = await until(handle, (now) => now.record.closing !== null || now.record.closed !== null);
    return record.closing?.order === 'cancel'
      ? { taken: true, phase: phaseOf(record) }
      : { taken: false, reason: `this recovery has ended (${record.closed?.outcome})` };
  }
  try {
    await order(handle, name, { ...argumentsOf(name, runbook), actor: 'bo', reason: 'seen enough' });
  } catch (thrown) {
    const cause = (thrown as { cause?: { type?: string; message?: string } }).cause;
    if (cause?.type !== 'refused') throw thrown;
    return { taken: false, reason: reasonText(cause.message ?? '') };
  }
  const answer = answerTo(name, story, runbook);
  const patience = Date.now() + PATIENCE_MS;
  const { record } = await until(
    handle,
    (now) => !answer.taken || phaseOf(now.record) === answer.phase || Date.now() > patience,
  );
  return { taken: true, phase: phaseOf(record) };
}

function expected(name: OrderName, story: StoryName) {
  const answer = answerTo(name, story, runbook);
  return answer.taken ? { taken: true, phase: answer.phase } : answer;
}

describe('an order in phase', () => {
  // A run that has ended takes no message any more: Temporal itself turns it away.
  const open = phaseStories.filter(({ phase }) => phase !== 'closed');
  test.each(open.map((story) => [story.name, story] as const))(
    '%s is taken or refused as the table of orders says',
    async (name, story) => {
      // Temporal takes a second cancellation, and nothing comes of it.
      const everyOrderHere = everyOrder.filter((order) => name !== 'being-cancelled' || order !== 'cancel');
      expect(smallRunbook().spec.causes.some(({ cause }) => cause === CAUSE)).toBe(true);
      // What is refused changes nothing, so that one run can refuse them all; what is taken has a run of its own.
      const refused = everyOrderHere.filter((order) => !answerTo(order, name, runbook).taken);
      const taken = everyOrderHere.filter((order) => !refused.includes(order));
      const [one, ...own] = await Promise.all([story, ...taken.map(() => story)].map(inPhase));
      const answers: [OrderName, unknown][] = [];
      if (one !== undefined) for (const order of refused) answers.push([order, await given(one, order, name)]);
      await Promise.all(
        taken.map(async (order, index) => {
          const handle = own[index];
          if (handle !== undefined) answers.push([order, await given(handle, order, name)]);
        }),
      );
      expect(Object.fromEntries(answers)).toEqual(
        Object.fromEntries(everyOrderHere.map((order) => [order, expected(order, name)])),
      );
    },
    60_000,
  );

  test('closed is refused, whatever it is', () => {
    for (const name of everyOrder)
      expect(answerTo(name, 'closed', runbook)).toEqual({ taken: false, reason: 'this recovery has ended (closed)' });
  });
});
