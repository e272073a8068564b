import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { Activities, RunbookContent } from '../../src/recovery/activities.ts';
import type { RecoveryEvent } from '../../src/recovery/events.ts';
import type { RecordAnswer } from '../../src/workflows/recovery.ts';
import { needs } from '../needs.ts';
import { raisePlan, smallRunbook } from '../recovery/samples.ts';
import { alert, freshQueue, order, type RecoveryHandle, startByAlert, until, worker } from './environment.ts';
import { Hold } from './hold.ts';
import {
  brokenLook,
  failed,
  healthyDiagnosis,
  healthyLook,
  passed,
  type Script,
  script,
} from './scripted-activities.ts';
import { serverOfFile, timeSkippingServer } from './servers.ts';

needs('java');

const MINUTE = 60_000;
const DEADLINE = 15 * MINUTE;
/** For so long the runbook is being loaded: a read may be pending for a minute. */
const LOADING = 30_000;
/** What is left when the runbook is loaded: a write may be pending for 15 s. */
const LEAD = 10_000;
const LIMIT = 60_000;

const server = serverOfFile(timeSkippingServer);

/** A recovery whose alert began `age` ms ago, and what may be held in it; at the end everything is let go and ended. */
interface Course {
  handle: RecoveryHandle;
  deadline: number;
  hold: Hold;
  played: Script;
}
type Held = <Input, Output>(run: (input: Input) => Promise<Output>) => (input: Input) => Promise<Output>;
type Changes = (held: Held, good: Activities) => Partial<Activities>;

async function course(
  changes: Changes,
  see: (course: Course) => Promise<void>,
  { lead = LEAD, runbook = smallRunbook() }: { lead?: number; runbook?: RunbookContent } = {},
): Promise<void> {
  const deadline = (await server.environment.currentTimeMs()) + LOADING + lead;
  const startsAt = new Date(deadline - DEADLINE).toISOString();
  const content = { ...runbook, spec: { ...runbook.spec, settle: '1m' } };
  const hold = new Hold(server.environment, deadline);
  let ending = false;
  const held: Held = (run) => async (input) => {
    if (!ending) await hold.pending();
    return run(input);
  };
  const good = script({}, content).activities;
  const slow: Partial<Activities> = {
    loadRunbook: async (input) => {
      await hold.passTime(() => deadline - lead);
      return good.loadRunbook(input);
    },
  };
  const changed = { ...slow, ...changes(held, good) };
  const look: Activities['look'] = (input) => (ending ? good.look : (changed.look ?? good.look))(input);
  const played = script({ ...changed, look }, content);
  const queue = freshQueue();
  const running = await worker(server.environment, played.activities, queue);
  await running.runUntil(async () => {
    const handle = await startByAlert(server.environment, queue, [alert(startsAt)]);
    const ended = handle.result();
    await see({ handle, deadline, hold, played });
    // It ends by getting well, not by an order: this server fails on a cancellation of what has just completed.
    ending = true;
    hold.release();
    await handle.signal('alert', { v: 1, alerts: [alert(startsAt, { status: 'resolved' })] });
    await ended;
  });
}

/** The record once people have taken the page. */
function paged(handle: RecoveryHandle): Promise<RecordAnswer> {
  return until(handle, ({ record }) => record.pages.some(({ rungs }) => rungs.some(({ tries }) => tries.length > 0)));
}

function first<Kind extends RecoveryEvent['kind']>(
  { events }: RecordAnswer,
  kind: Kind,
): (RecoveryEvent & { kind: Kind }) | undefined {
  return events.find((event): event is RecoveryEvent & { kind: Kind } => event.kind === kind);
}

/** The runbook is loaded at once. */
const quick: Partial<Activities> = { loadRunbook: script().activities.loadRunbook };

async function untilTime(time: number): Promise<void> {
  while ((await server.environment.currentTimeMs()) < time) await sleep(20);
}

function expectOnTime(answer: RecordAnswer, deadline: number): void {
  const sent = first(answer, 'page-sent');
  // Where no runbook says whom, those of the configuration are paged.
  expect(sent?.notifier).toBe(answer.record.runbook === null ? 'default' : 'webhook');
  const late = Date.parse(sent?.at ?? '') - deadline;
  expect(late).toBeGreaterThanOrEqual(0);
  expect(late).toBeLessThanOrEqual(5_000);
}

/** The approval of the first remedy lasts longer than the deadline. */
const askingRunbook = smallRunbook((content) => {
  const causes = content.spec.causes.map((cause) => ({
    ...cause,
    remedies: cause.remedies.map((remedy) => ({
      ...remedy,
      approval: { quorum: 1, expires: '30m', onExpiry: 'escalate' as const },
    })),
  }));
  return { ...content, spec: { ...content.spec, causes } };
});

const phases: { phase: string; changes: Changes; runbook?: RunbookContent; lead?: number }[] = [
  { phase: 'the runbook is loaded', changes: (held, good) => ({ loadRunbook: held(good.loadRunbook) }) },
  { phase: 'it diagnoses', changes: (held, good) => ({ diagnose: held(good.diagnose) }) },
  { phase: 'it classifies', changes: (held, good) => ({ classify: held(good.classify) }) },
  { phase: 'it plans', changes: (held, good) => ({ planRemedy: held(good.planRemedy) }) },
  {
    phase: 'it looks while it waits for approval',
    runbook: askingRunbook,
    lead: 35_000,
    changes: (held, good) => ({ look: held(async (input) => ({ ...(await good.look(input)), ...brokenLook })) }),
  },
  {
    phase: 'it asks people for approval',
    runbook: askingRunbook,
    changes: (held, good) => ({
      escalate: (input) => (input.event === 'approval' ? held(good.escalate)(input) : good.escalate(input)),
    }),
  },
  {
    phase: 'it writes',
    changes: (held, good) => ({
      applyAction: (input) => (input.i === 0 ? held(good.applyAction)(input) : good.applyAction(input)),
    }),
  },
  {
    phase: 'it waits until the pods are ready',
    changes: (held, good) => ({
      applyAction: (input) => (input.i === 1 ? held(good.applyAction)(input) : good.applyAction(input)),
    }),
  },
  { phase: 'it verifies', changes: (held, good) => ({ verify: held(good.verify) }) },
  {
    phase: 'it looks whether a failed remedy made things better',
    changes: (held) => ({ verify: async () => failed, look: held(async () => brokenLook) }),
  },
  {
    phase: 'it undoes',
    changes: (held, good) => ({
      verify: async () => failed,
      look: async () => brokenLook,
      compensate: held(good.compensate),
    }),
  },
];

describe('people are paged 15 minutes after the alert began, whatever is pending and hears no cancellation', () => {
  test.each(phases)(
    'while $phase',
    async ({ changes, runbook, lead }) => {
      await course(
        changes,
        async ({ handle, deadline, hold }) => {
          const answer = await paged(handle);
          expect(hold.held).toBeGreaterThan(0);
          expectOnTime(answer, deadline);
          // A question makes way for the page; what acts on the target goes on until people have it.
          const stopped = answer.events.find((event) => event.kind === 'step-stopped' && event.lane === 'target');
          expect(stopped?.seq ?? Number.POSITIVE_INFINITY).toBeGreaterThan(first(answer, 'page-sent')?.seq ?? 0);
        },
        { ...(runbook === undefined ? {} : { runbook }), ...(lead === undefined ? {} : { lead }) },
      );
    },
    LIMIT,
  );

  test(
    'while it settles and the target broke again: counted from the second time',
    async () => {
      let broke = false;
      const soon = smallRunbook((content) => {
        const escalation = { ...content.spec.escalation, rungs: [{ after: '45s', notify: ['webhook'] }] };
        return { ...content, spec: { ...content.spec, escalation } };
      });
      await course(
        (held, good) => ({
          loadRunbook: good.loadRunbook,
          diagnose: (input) => (broke ? held(good.diagnose)(input) : good.diagnose(input)),
          verify: async (input) => {
            broke = true;
            return good.verify(input);
          },
          look: async (input) => (broke ? brokenLook : good.look(input)),
        }),
        async ({ handle, hold }) => {
          const { record } = await until(handle, ({ record }) => record.episode.number === 2);
          const deadline = Date.parse(record.episode.deadline);
          expect(record.pages).toEqual([]);
          hold.goOnTo(deadline);
          expectOnTime(await paged(handle), deadline);
        },
        { runbook: soon, lead: DEADLINE - LOADING },
      );
    },
    LIMIT,
  );
});

describe('at the deadline people are paged first, then what is under way is stopped', () => {
  /** A write that is stopped returns just within its 15 s; what became of the target is `better`. */
  function writing(better: boolean | 'unknown'): Changes {
    return (held, good) => ({
      applyAction: (input) => (input.i === 0 ? held(good.applyAction)(input) : good.applyAction(input)),
      look: async () => ({ ...brokenLook, better }),
    });
  }

  async function pagedThenWritten({ handle, hold, deadline }: Course): Promise<void> {
    const answer = await paged(handle);
    expect(first(answer, 'action-finished')).toBeUndefined();
    hold.goOnTo(deadline + 3_000);
    await untilTime(deadline + 3_000);
    hold.release();
  }

  test(
    'a write that made the target better is verified under the page, which is then resolved',
    () =>
      course(writing(true), async (course) => {
        await pagedThenWritten(course);
        const answer = await until(course.handle, ({ record }) => record.recovered !== null);
        expect(answer.record.attempts[0]?.stage).toBe('verified');
        const { record } = await until(course.handle, ({ record }) => record.pages[0]?.resolved != null);
        expect(record.pages).toHaveLength(1);
        expect(course.played.calls).not.toContain('compensate');
        // The second action was not begun: what was ordered by nobody ends where it was stopped.
        expect(first(answer, 'page-sent')?.seq ?? 0).toBeLessThan(first(answer, 'verified')?.seq ?? 0);
      }),
    LIMIT,
  );

  test(
    'a write that made nothing better is undone, and the page says so',
    () =>
      course(writing(false), async (course) => {
        await pagedThenWritten(course);
        const told = await until(course.handle, () =>
          course.played.pages.some(({ event, page }) => event === 'update' && page.attempts[0]?.undone === true),
        );
        expect(told.record.attempts[0]?.stage).toBe('undone');
        const order = ['page-sent', 'action-finished', 'assessed', 'undo-finished'] as const;
        const seqs = order.map((kind) => first(told, kind)?.seq ?? 0);
        expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
      }),
    LIMIT,
  );

  test(
    'a change of which nothing is known stands, and the page names it',
    () =>
      course(writing('unknown'), async (course) => {
        await pagedThenWritten(course);
        await until(course.handle, () =>
          course.played.pages.some(({ event, page }) => event === 'update' && page.holds.length > 0),
        );
        const update = course.played.pages.findLast(({ event }) => event === 'update');
        expect(update?.page.holds).toEqual([raisePlan.summary]);
        expect(course.played.calls).not.toContain('compensate');
      }),
    LIMIT,
  );

  test(
    'a verification is stopped after the page was sent, and begun again when the target does better',
    () => {
      let verified = 0;
      return course(
        (held) => ({
          verify: (input) => {
            verified += 1;
            return verified === 1 ? held(async () => passed)(input) : Promise.resolve(passed);
          },
          look: async () => ({ ...healthyLook, healthy: false }),
        }),
        async ({ handle }) => {
          const answer = await until(handle, ({ record }) => record.pages[0]?.resolved != null);
          expect(verified).toBe(2);
          expect(first(answer, 'step-stopped')?.seq ?? 0).toBeGreaterThan(first(answer, 'page-sent')?.seq ?? 0);
          expect(answer.record.recovered?.by).toBe('remedy');
        },
      );
    },
    LIMIT,
  );
});

describe('a recovery that begins past its deadline', () => {
  /** The alert is twenty minutes old when it arrives. */
  const late = { lead: -5 * MINUTE - LOADING };

  test(
    'looks once, and pages nobody for a target that is healthy',
    () =>
      course(
        () => ({ ...quick, diagnose: async () => healthyDiagnosis }),
        async ({ handle, played }) => {
          const { record } = await until(handle, ({ record }) => record.recovered !== null);
          expect(record.recovered?.by).toBe('itself');
          expect(record.pages).toEqual([]);
          expect(played.pages).toEqual([]);
        },
        late,
      ),
    LIMIT,
  );

  test(
    'pages at once for one that is broken, then offers the plan and writes nothing before an order',
    () =>
      course(
        () => ({ ...quick, look: async () => brokenLook }),
        async ({ handle, played }) => {
          const { record } = await until(handle, ({ record }) => record.attempts[0]?.approval?.sentBy != null);
          expect(record.attempts[0]?.stage).toBe('asked');
          expect(played.pages[0]).toMatchObject({ event: 'trigger', notifier: 'webhook' });
          const paged = Date.parse(record.pages[0]?.rungs[0]?.dueAt ?? '');
          expect(paged - Date.parse(record.openedAt)).toBeLessThanOrEqual(30_000);
          expect(played.calls).not.toContain('applyAction');
          await order(handle, 'approve', { n: 1 });
          const applied = await until(handle, ({ record }) => record.recovered !== null);
          expect(applied.record.recovered?.by).toBe('person');
        },
        late,
      ),
    LIMIT,
  );
});
