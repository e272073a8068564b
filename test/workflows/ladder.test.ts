import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { activityInfo } from '@temporalio/activity';
import type { Activities, RunbookContent } from '../../src/recovery/activities.ts';
import type { EscalateInput } from '../../src/recovery/escalation.ts';
import type { Mode } from '../../src/recovery/values.ts';
import type { RecordAnswer } from '../../src/workflows/recovery.ts';
import { needs } from '../needs.ts';
import { smallRunbook } from '../recovery/samples.ts';
import { alert, freshQueue, recordOf, startByAlert, worker } from './environment.ts';
import { brokenLook, healthyLook, script } from './scripted-activities.ts';
import { serverOfFile, timeSkippingServer } from './servers.ts';

needs('java');

const LIMIT = 120_000;
const MINUTE = 60_000;

const server = serverOfFile(timeSkippingServer);

type Escalation = RunbookContent['spec']['escalation'];

const LADDER: Partial<Escalation> = {
  rungs: [
    { after: '2m', notify: ['oncall', 'log'] },
    { after: '3m', notify: ['second'] },
    { after: '5m', notify: ['manager'], repeat: '1m' },
  ],
};

/** One message to people, in minutes after the alert. */
interface Said {
  minute: number;
  what: string;
  input: EscalateInput;
}

/** What a test does in answer to a message, while the message is being taken: time stands still then. */
interface Hands {
  /** Gives an order, as a person does. */
  order(name: string, actor?: string): Promise<void>;
}

interface Course {
  /** From this minute on every look sees a healthy target, and its alert is over. */
  healsAt: number;
  escalation?: Partial<Escalation>;
  mode?: Mode;
  change?: (content: RunbookContent) => RunbookContent;
  /** Returns whether the provider takes the message; it does if nothing is said. */
  answer(message: Said, hands: Hands): Promise<unknown>;
}

/** A recovery from its alert to its end, of a target that stays broken until it is healed. */
async function play({
  healsAt,
  escalation = LADDER,
  mode = 'observe',
  change,
  answer,
}: Course): Promise<Said[] & { end: RecordAnswer }> {
  const content = smallRunbook(({ spec, ...rest }) => {
    const own = { ...rest, spec: { ...spec, settle: '1m', escalation: { ...spec.escalation, ...escalation } } };
    return change === undefined ? own : change(own);
  });
  const begin = await server.environment.currentTimeMs();
  const startsAt = new Date(begin).toISOString();
  const minutes = async () => ((await server.environment.currentTimeMs()) - begin) / MINUTE;
  const said: Said[] = [];
  let orders = 0;
  const self = () => server.environment.client.workflow.getHandle(activityInfo().workflowExecution?.workflowId ?? '');
  const hands: Hands = {
    async order(name, actor = 'ana') {
      orders += 1;
      const recoveryId = said.at(-1)?.input.page.recoveryId;
      const digest = name === 'approve' ? { digest: 'p'.repeat(64) } : {};
      await self().signal('order', { id: `order-${orders}`, name, recoveryId, actor, ...digest });
    },
  };
  const changes: Partial<Activities> = {
    loadRunbook: async (input) => ({ ...(await script({}, content).activities.loadRunbook(input)), workerMode: mode }),
    // There the approvals of people whom nobody has verified count for several, too.
    planRemedy: async (input) => ({ ...(await script().activities.planRemedy(input)), developmentCluster: true }),
    look: async () => {
      if ((await minutes()) < healsAt) return brokenLook;
      await self().signal('alert', { v: 1, alerts: [alert(startsAt, { status: 'resolved' })] });
      return healthyLook;
    },
    escalate: async (input) => {
      const message = { minute: Math.round(await minutes()), what: `${input.event} ${input.notifier}`, input };
      said.push(message);
      const taken = (await answer(message, hands)) !== false;
      return taken ? { taken, providerId: `${input.notifier}-1` } : { taken, error: 'it answered 503' };
    },
  };
  const queue = freshQueue();
  const running = await worker(server.environment, script(changes, content).activities, queue);
  return running.runUntil(async () => {
    const handle = await startByAlert(server.environment, queue, [alert(startsAt)]);
    await handle.result();
    return Object.assign(said, { end: await recordOf(handle) });
  });
}

const timetable = (said: Said[], ...events: string[]): string[] =>
  said.filter(({ input }) => events.includes(input.event)).map(({ minute, what }) => `${minute} ${what}`);

describe('a ladder of three rungs', () => {
  test(
    'is climbed on time while nobody acknowledges, its last rung again and again; then everybody hears that it is over',
    async () => {
      const said = await play({
        healsAt: 7.2,
        answer: async () => true,
      });
      expect(timetable(said, 'trigger')).toEqual([
        '2 trigger oncall',
        '3 trigger second',
        '5 trigger manager',
        '6 trigger manager',
        '7 trigger manager',
      ]);
      expect(new Set(said.map(({ input }) => input.page.key)).size).toBe(1);
      expect(new Set(said.map(({ input }) => input.messageKey)).size).toBe(said.length);
      const over = said.filter(({ input }) => input.event === 'resolve');
      expect(over.map(({ input }) => [input.notifier, input.providerId, input.reason])).toEqual(
        ['oncall', 'second', 'manager'].map((name) => [name, `${name}-1`, 'the target is healthy again by itself']),
      );
      const { record, events } = said.end;
      expect(record.closed?.outcome).toBe('observed');
      for (const due of events.filter(({ kind }) => kind === 'rung-due')) {
        const sent = events.find(({ kind, seq }) => kind === 'page-sent' && seq > due.seq);
        expect(Date.parse(sent?.at ?? '') - Date.parse(due.at)).toBeLessThan(5_000);
      }
    },
    LIMIT,
  );

  test(
    'ends where somebody acknowledges, which everybody hears who has the page',
    async () => {
      const said = await play({
        healsAt: 7.2,
        answer: async ({ what }, { order }) => {
          if (what === 'trigger second') await order('acknowledge');
        },
      });
      expect(timetable(said, 'trigger', 'acknowledge')).toEqual([
        '2 trigger oncall',
        '3 trigger second',
        '3 acknowledge oncall',
        '3 acknowledge second',
      ]);
      const told = said.find(({ what }) => what === 'acknowledge oncall')?.input;
      expect(told).toMatchObject({ actor: 'ana', providerId: 'oncall-1', page: { acknowledged: { by: 'ana' } } });
    },
    LIMIT,
  );
});

/** The first remedy waits for the people that `approval` asks for. */
function asking(approval: { quorum: number; expires: string; onExpiry: 'escalate' | 'next' }) {
  return ({ spec, ...rest }: RunbookContent): RunbookContent => {
    const causes = spec.causes.map((cause) => ({
      ...cause,
      remedies: cause.remedies.slice(0, 1).map((remedy) => ({ ...remedy, approval })),
    }));
    return { ...rest, spec: { ...spec, causes } };
  };
}

describe('an approval', () => {
  test(
    'is asked of everybody whom the ladder names until one takes it, and pages at once when nobody answers in time',
    async () => {
      const said = await play({
        mode: 'auto',
        change: asking({ quorum: 1, expires: '1m', onExpiry: 'escalate' }),
        healsAt: 1.5,
        answer: async ({ what }) => what !== 'approval oncall' && what !== 'approval second',
      });
      expect(timetable(said, 'approval', 'trigger')).toEqual([
        '0 approval oncall',
        '0 approval second',
        '0 approval manager',
        '1 trigger oncall',
      ]);
      expect(said.end.record.pages[0]?.rungs[0]?.why).toBe('nobody answered the approval of raise-memory in time');
    },
    LIMIT,
  );

  test(
    'of two people is not given by one alone, however often; the second one begins it',
    async () => {
      const said = await play({
        mode: 'auto',
        change: asking({ quorum: 2, expires: '10m', onExpiry: 'escalate' }),
        healsAt: 0,
        answer: async ({ input }, { order }) => {
          if (input.event !== 'approval') return;
          for (const actor of ['ana', 'Ana ', 'bo']) await order('approve', actor);
          // The answered question is stopped: this server fails for good where it ends at that very moment.
          await sleep(500);
        },
      });
      const { record, events } = said.end;
      expect(record.attempts[0]).toMatchObject({ stage: 'verified', approval: { by: ['ana', 'bo'] } });
      expect(events.flatMap((event) => (event.kind === 'order' ? [event.accepted] : []))).toEqual([true, false, true]);
      expect(record.pages).toEqual([]);
    },
    LIMIT,
  );
});

describe('a recovery that needed nobody', () => {
  test(
    'pages nobody and tells one sentence of low urgency, to the first that takes it',
    async () => {
      const said = await play({
        mode: 'auto',
        escalation: { ...LADDER, note: ['chat', 'mail', 'archive'] },
        healsAt: 0,
        answer: async ({ what }) => what !== 'note chat',
      });
      expect(said.map(({ what }) => what)).toEqual(['note chat', 'note mail']);
      expect(said[1]?.input.text).toMatch(
        /^RECOVERED bruno\/deployment\/agent-bruno after \d+ s, nobody was paged: raise-memory for oom-killed verified/,
      );
      expect(said.end.record.closed?.outcome).toBe('recovered');
    },
    LIMIT,
  );
});
