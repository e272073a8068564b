import { describe, expect, test } from '@jest/globals';
import type { Activities, RunbookContent } from '../../src/recovery/activities.ts';
import type { RecoveryEvent } from '../../src/recovery/events.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { executeUpdate } from '../../src/temporal/updates.ts';
import { needs } from '../needs.ts';
import { raisePlan, smallRunbook, waitPlan } from '../recovery/samples.ts';
import { alert, close, freshQueue, type RecoveryHandle, recordOf, startByAlert, until, worker } from './environment.ts';
import { asking } from './runbooks.ts';
import { brokenLook, inApproveMode, type Script, script } from './scripted-activities.ts';
import { devServer, serverOfFile } from './servers.ts';

needs('temporal');

/** Two operators at one moment: what they order reaches the recovery together, in either turn. */

const LIMIT = 60_000;
const server = serverOfFile(devServer);

type Given = [name: string, actor: string, args?: Record<string, unknown>];
type Answer = { given: string; taken: boolean; reason: string };

interface Scene {
  situation: string;
  orders: [Given, Given];
  runbook?: RunbookContent;
  changes?: Partial<Activities>;
  /** Where they are given. */
  when: (record: RecoveryRecord) => boolean;
  /** Why the loser is refused, by the order that came second. */
  refusals: Record<string, RegExp>;
  /** How often the target may be written to in all, by the order that won; more would be twice. */
  writes: Record<string, Partial<Record<'applyAction' | 'compensate', number>>>;
}

const asked = ({ attempts }: RecoveryRecord) => attempts[0]?.approval?.sentBy != null;
const settling = ({ recovered, leaseHeld, inFlight }: RecoveryRecord) =>
  recovered !== null && !leaseHeld && inFlight.target === null;
const broken: Partial<Activities> = { ...inApproveMode, look: async () => brokenLook };

/** Every remedy takes two people. */
const byTwo = asking('10m', 'escalate', 2);

/** What an approval says of the plan that was seen. */
const SEEN = { n: 1, digest: 'p'.repeat(64) };

/** There the approvals of people whom nobody has verified count for several, too. */
const inDevelopment: Partial<Activities> = {
  look: async () => brokenLook,
  planRemedy: async () => ({ plans: [raisePlan, waitPlan], digest: SEEN.digest, developmentCluster: true }),
};

const NOTHING_WAITS = /^nothing waits for approval now.*; possible now: .*takeOver/;
/** What one remedy writes: two actions. */
const ONE_REMEDY = { applyAction: 2, compensate: 0 };
const NOTHING = { applyAction: 0, compensate: 0 };

const scenes: Scene[] = [
  {
    situation: 'one approves what the other rejects',
    orders: [
      ['approve', 'ana', SEEN],
      ['reject', 'bo', { n: 1 }],
    ],
    changes: broken,
    when: asked,
    refusals: { approve: NOTHING_WAITS, reject: NOTHING_WAITS },
    writes: { approve: ONE_REMEDY, reject: NOTHING },
  },
  {
    situation: 'both approve what takes one',
    orders: [
      ['approve', 'ana', SEEN],
      ['approve', 'bo', SEEN],
    ],
    changes: broken,
    when: asked,
    refusals: { approve: NOTHING_WAITS },
    writes: { approve: ONE_REMEDY },
  },
  {
    situation: 'one person approves twice what takes two',
    orders: [
      ['approve', 'ana', SEEN],
      ['approve', ' Ana ', SEEN],
    ],
    runbook: byTwo,
    changes: inDevelopment,
    when: asked,
    refusals: {
      approve: /has approved raise-memory already: it takes 1 more, each another person; possible now: approve, reject/,
    },
    writes: { approve: NOTHING },
  },
  {
    situation: 'one undoes the remedy while the other rolls back',
    orders: [
      ['undo', 'ana'],
      ['rollback', 'bo'],
    ],
    when: settling,
    refusals: {
      undo: /^rollback, which bo ordered, is still under way; possible now: .*takeOver/,
      rollback: /^undoing raise-memory, which ana ordered, is still under way; possible now: .*takeOver/,
    },
    writes: { undo: { applyAction: 2, compensate: 1 }, rollback: { applyAction: 4, compensate: 0 } },
  },
  {
    situation: 'both undo',
    orders: [
      ['undo', 'ana'],
      ['undo', 'bo'],
    ],
    when: settling,
    refusals: { undo: /^raise-memory is being undone already; possible now: / },
    writes: { undo: { applyAction: 2, compensate: 1 } },
  },
  {
    situation: 'both roll back',
    orders: [
      ['rollback', 'ana', { revision: 1 }],
      ['rollback', 'bo', { revision: 2 }],
    ],
    when: settling,
    refusals: { rollback: /^rollback to revision [12], which (ana|bo) ordered, is still under way; possible now: / },
    writes: { rollback: { applyAction: 4, compensate: 0 } },
  },
  {
    situation: 'both close it',
    orders: [
      ['close', 'ana'],
      ['close', 'bo'],
    ],
    changes: broken,
    when: asked,
    refusals: { close: /^(it is being closed already \(close by (ana|bo)\); possible now: |this recovery has ended)/ },
    writes: { close: NOTHING },
  },
];

const nameOf = ([name, actor]: Given) => `${name} by ${actor.trim().toLowerCase()}`;

async function answerOf(handle: RecoveryHandle, recoveryId: string, [name, actor, args]: Given): Promise<Answer> {
  const given = nameOf([name, actor]);
  const id = `${given}, ${recoveryId}, ${actor}`;
  try {
    await executeUpdate(handle, name, { argument: { id, recoveryId, actor, ...args }, id });
    return { given, taken: true, reason: '' };
  } catch (thrown) {
    const cause = (thrown as { cause?: { type?: string; message?: string } }).cause;
    if (cause?.type !== 'refused') throw thrown;
    return { given, taken: false, reason: cause.message ?? '' };
  }
}

/** Brings a recovery to where the orders are given, and gives them while no worker is there: its first task has both. */
async function atOneMoment(
  { orders, runbook, changes = {}, when }: Pick<Scene, 'orders' | 'runbook' | 'changes' | 'when'>,
  see: (handle: RecoveryHandle, answers: Answer[], played: Script) => Promise<void>,
): Promise<void> {
  const queue = freshQueue();
  const played = script(changes, runbook ?? smallRunbook());
  const first = await worker(server.environment, played.activities, queue);
  const { handle, recoveryId } = await first.runUntil(async () => {
    const started = await startByAlert(server.environment, queue, [alert(new Date().toISOString())]);
    const { record } = await until(started, (now) => when(now.record));
    return { handle: started, recoveryId: record.recoveryId };
  });
  const answers = Promise.all(orders.map((one) => answerOf(handle, recoveryId, one)));
  const second = await worker(server.environment, played.activities, queue);
  await second.runUntil(async () => see(handle, await answers, played));
}

function ordersOf(events: RecoveryEvent[]): { given: string; taken: boolean }[] {
  return events.flatMap((event) =>
    event.kind === 'order' ? [{ given: nameOf([event.name, event.actor]), taken: event.accepted }] : [],
  );
}

const count = (calls: string[], name: string) => calls.filter((call) => call === name).length;

describe('of two orders at one moment one wins, the other is told why and what is possible, and the record has both', () => {
  const turns = scenes.flatMap((scene) => {
    const [one, other] = scene.orders;
    return [scene, { ...scene, orders: [other, one] as Scene['orders'] }].map(
      (turn) => [scene.situation, turn.orders.map(nameOf).join(', '), turn] as const,
    );
  });

  test.each(turns)(
    'where %s (%s)',
    async (_situation, _turn, scene) => {
      await atOneMoment(scene, async (handle, answers, played) => {
        const [won, ...others] = answers.filter(({ taken }) => taken);
        const [lost] = answers.filter(({ taken }) => !taken);
        expect(others).toEqual([]);
        const order = lost?.given.split(' ')[0] ?? '';
        expect(lost?.reason).toMatch(scene.refusals[order] ?? /^$/);
        const { events } = await recordOf(handle);
        expect(ordersOf(events)).toEqual(expect.arrayContaining(answers.map(({ given, taken }) => ({ given, taken }))));

        const writes = scene.writes[won?.given.split(' ')[0] ?? ''] ?? {};
        const written = () => [count(played.calls, 'applyAction'), count(played.calls, 'compensate')];
        await until(handle, ({ record }) => {
          const idle = record.inFlight.target === null && !record.leaseHeld;
          return (
            record.closed !== null || (idle && written().join() === [writes.applyAction, writes.compensate].join())
          );
        });
        if ((await recordOf(handle)).record.closed === null) await close(handle);
        expect(written()).toEqual([writes.applyAction, writes.compensate]);
      });
    },
    LIMIT,
  );
});

type Events = Awaited<ReturnType<typeof recordOf>>['events'];

/** What was begun on the target after an order. */
function begunAfter(events: Events, name: string): Events {
  const seq = events.find((event) => event.kind === 'order' && event.name === name && event.accepted)?.seq;
  return events.filter((event) => event.kind === 'action-started' && event.seq > (seq ?? 0));
}

describe('of two orders at one moment that can both be taken the record has both, in their turn', () => {
  const inEitherTurn = (one: Given, other: Given): [turn: string, orders: [Given, Given]][] => [
    [`${nameOf(one)}, ${nameOf(other)}`, [one, other]],
    [`${nameOf(other)}, ${nameOf(one)}`, [other, one]],
  ];

  test.each(inEitherTurn(['takeOver', 'bo'], ['approve', 'ana', SEEN]))(
    'who takes over is obeyed, whoever approves at that moment (%s)',
    async (_turn, orders) => {
      await atOneMoment({ orders, changes: broken, when: asked }, async (handle, answers) => {
        const approval = answers.find(({ given }) => given === 'approve by ana');
        expect(answers.find(({ given }) => given === 'takeOver by bo')).toMatchObject({ taken: true });
        if (approval?.taken === false)
          expect(approval.reason).toMatch(
            /^nothing waits for approval now: bo has taken over at .*; possible now: .*handBack/,
          );
        await until(handle, ({ record }) => record.inFlight.target === null && !record.leaseHeld);
        await close(handle);
        const { events } = await recordOf(handle);
        expect(ordersOf(events)).toEqual(expect.arrayContaining(answers.map(({ given, taken }) => ({ given, taken }))));
        expect(begunAfter(events, 'takeOver')).toEqual([]);
      });
    },
    LIMIT,
  );

  test.each(inEitherTurn(['close', 'bo', { rootCause: 'a leak' }], ['run', 'ana', { action: 'debug-session' }]))(
    'who closes it is obeyed, and what was to be run is not begun any more (%s)',
    async (_turn, orders) => {
      await atOneMoment({ orders, when: settling }, async (handle, answers) => {
        const run = answers.find(({ given }) => given === 'run by ana');
        expect(answers.find(({ given }) => given === 'close by bo')).toMatchObject({ taken: true });
        if (run?.taken === false)
          expect(run.reason).toMatch(/^(it is being closed \(close by bo\)|this recovery has ended \(closed\))/);
        expect(await handle.result()).toMatchObject({ outcome: 'closed' });
        const { record, events } = await recordOf(handle);
        expect(begunAfter(events, 'close')).toEqual([]);
        expect(record).toMatchObject({ leaseHeld: false, closed: { standing: [] } });
      });
    },
    LIMIT,
  );

  test.each(inEitherTurn(['approve', 'ana', SEEN], ['extend', 'bo', { by: '5m', reason: 'I am looking' }]))(
    'a plan is approved while the deadline is moved (%s)',
    async (_turn, orders) => {
      await atOneMoment({ orders, changes: inApproveMode, when: asked }, async (handle, answers, played) => {
        expect(answers.map(({ taken }) => taken)).toEqual([true, true]);
        const { record } = await until(handle, (now) => now.record.recovered !== null);
        expect(record.episode).toMatchObject({ extended: { by: 'bo', span: '5m' } });
        expect(record.attempts[0]).toMatchObject({ stage: 'verified', approval: { by: ['ana'] } });
        expect(count(played.calls, 'applyAction')).toBe(2);
        await close(handle);
      });
    },
    LIMIT,
  );
});
