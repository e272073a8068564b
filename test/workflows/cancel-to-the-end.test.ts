import { describe, expect, test } from '@jest/globals';
import type { Activities, RunbookContent } from '../../src/recovery/activities.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { needs } from '../needs.ts';
import { copyPlan, holdPlan, raisePlan, smallRunbook, waitPlan } from '../recovery/samples.ts';
import { besideWorker, order, type RecoveryHandle, recordOf, until } from './environment.ts';
import { gate } from './hold.ts';
import { brokenLook, failed, inApproveMode, passed, type Script, script } from './scripted-activities.ts';
import { devServer, serverOfFile } from './servers.ts';

needs('temporal');

/**
 * Temporal's cancel, played to its end: whatever is under way, the run ends as cancelled, its lease is given back, nothing new is
 * written, what stands is named, and people are told of a target that is not healthy.
 */

const LIMIT = 60_000;
const server = serverOfFile(devServer);
const good = script().activities;

interface Row {
  phase: string;
  /** What the activities answer; `wait` is pending until the recovery knows that it is cancelled, and hears no cancellation. */
  changes?: (wait: () => Promise<void>) => Partial<Activities>;
  runbook?: RunbookContent;
  /** Where it is cancelled; without it while an activity waits. */
  when?: (record: RecoveryRecord) => boolean;
  /** What people have ordered before. */
  orders?: { when: (record: RecoveryRecord) => boolean; give: [string, Record<string, unknown>?] };
  healthy?: true;
  /** How often each is done in all; nothing of it unless said. */
  does?: { applyAction?: number; compensate?: number; trigger?: number; resolve?: number };
  standing?: string[];
}

/** Once the first call is let go the others answer at once. */
function held<Input, Output>(wait: () => Promise<void>, run: (input: Input) => Promise<Output>) {
  return async (input: Input): Promise<Output> => {
    await wait();
    return run(input);
  };
}

const plans =
  (...all: (typeof raisePlan)[]): Activities['planRemedy'] =>
  async () => ({ plans: all, digest: 'p' });
const settling = ({ recovered, leaseHeld, inFlight }: RecoveryRecord) =>
  recovered !== null && !leaseHeld && inFlight.target === null;
const isPaged = ({ pages }: RecoveryRecord) => pages[0]?.rungs[0]?.tries[0]?.taken === true;
const takeOver: Row['orders'] = {
  when: ({ inFlight }) => inFlight.target?.step === 'verify',
  give: ['takeOver'],
};
const nothingToTry: Activities['planRemedy'] = async () => ({
  plans: [{ ...raisePlan, refusal: { code: 'refused', reason: 'at the cap' } }],
  digest: 'p',
});

const rows: Row[] = [
  {
    phase: 'the runbook is loaded',
    changes: (wait) => ({ loadRunbook: held(wait, good.loadRunbook) }),
    does: { trigger: 1 },
  },
  { phase: 'it classifies', changes: (wait) => ({ classify: held(wait, good.classify) }), does: { trigger: 1 } },
  { phase: 'it plans', changes: (wait) => ({ planRemedy: held(wait, good.planRemedy) }), does: { trigger: 1 } },
  {
    phase: 'it asks people for approval, who do not get the question',
    changes: (wait) => ({
      ...inApproveMode,
      escalate: (input) => (input.event === 'approval' ? held(wait, good.escalate) : good.escalate)(input),
    }),
    does: { trigger: 1 },
  },
  {
    phase: 'a changed plan waits for approval after a first action',
    changes: () => {
      let asks = 0;
      return {
        planRemedy: plans(raisePlan, { ...raisePlan, summary: 'raise it again' }),
        applyAction: async ({ i, plan }) => {
          asks += i;
          return i === 1 && asks === 1
            ? { outcome: 'replanned', plan: { ...plan, changes: [], ask: 'another hand was there' } }
            : { outcome: 'applied' };
        },
      };
    },
    when: ({ attempts }) => attempts[0]?.stage === 'asked' && attempts[0].approval?.sentBy != null,
    does: { applyAction: 2, compensate: 1, trigger: 1 },
  },
  {
    phase: 'the second of two actions is under way',
    changes: (wait) => ({
      applyAction: (input) => (input.i === 1 ? held(wait, good.applyAction) : good.applyAction)(input),
    }),
    does: { applyAction: 2, compensate: 1, trigger: 1 },
  },
  {
    phase: 'a write is under way of which nothing is known afterwards',
    changes: (wait) => ({
      applyAction: async () => {
        await wait();
        throw new Error('the connection broke');
      },
    }),
    does: { applyAction: 1, compensate: 1, trigger: 1 },
  },
  {
    phase: 'it looks whether a failed remedy helped',
    changes: (wait) => ({ verify: async () => failed, look: held(wait, async () => brokenLook) }),
    does: { applyAction: 2, compensate: 1, trigger: 1 },
  },
  {
    phase: 'it verifies, and another hand keeps its undo from it',
    changes: (wait) => ({
      verify: held(wait, async () => passed),
      compensate: async () => ({ outcome: 'refused', saw: 'another hand has changed it since' }),
    }),
    does: { applyAction: 2, compensate: 1, trigger: 1 },
    standing: [raisePlan.summary],
  },
  {
    phase: 'it verifies under a hold on what Git owns',
    changes: (wait) => ({
      planRemedy: plans(holdPlan, raisePlan, waitPlan),
      verify: held(wait, async () => passed),
    }),
    does: { applyAction: 3, compensate: 2, trigger: 1 },
  },
  {
    phase: 'it stands on a hold after its success',
    changes: () => ({ planRemedy: plans(holdPlan, raisePlan, waitPlan) }),
    when: settling,
    healthy: true,
    does: { applyAction: 3 },
    standing: [holdPlan.summary],
  },
  {
    phase: 'a debug session stands beside the target',
    changes: () => ({
      verify: async () => passed,
      planRemedy: async ({ ordered }) => ({ plans: ordered === undefined ? [raisePlan] : [copyPlan], digest: 'p' }),
    }),
    orders: { when: settling, give: ['run', { action: 'debug-session' }] },
    when: ({ attempts }) => attempts[1]?.stage === 'standing',
    healthy: true,
    does: { applyAction: 2, compensate: 1 },
  },
  {
    phase: 'people have the page and the target is watched',
    changes: () => ({ planRemedy: nothingToTry }),
    when: isPaged,
    does: { trigger: 1 },
  },
  {
    phase: 'people have the page of a target that is healthy by now',
    changes: () => ({ planRemedy: nothingToTry }),
    when: isPaged,
    healthy: true,
    does: { trigger: 1, resolve: 1 },
  },
  {
    phase: 'the page is on its way to a provider that does not answer yet',
    changes: (wait) => ({
      planRemedy: nothingToTry,
      escalate: (input) => (input.event === 'trigger' ? held(wait, good.escalate) : good.escalate)(input),
    }),
    does: { trigger: 1 },
  },
  {
    phase: 'a person has it in hand: what automation did before stays, and is named',
    changes: (wait) => ({ verify: held(wait, async () => passed) }),
    orders: takeOver,
    when: ({ takenOver, leaseHeld, inFlight }) => takenOver !== undefined && !leaseHeld && inFlight.target === null,
    does: { applyAction: 2, trigger: 1 },
    standing: [raisePlan.summary],
  },
];

const count = (all: string[], name: string) => all.filter((one) => one === name).length;

/** A recovery that is cancelled in a phase; its calls name the messages to people too. */
async function cancelled(
  { changes, runbook, orders, when, healthy }: Row,
  see: (handle: RecoveryHandle, played: Script) => Promise<void>,
) {
  const under = gate();
  const look: Partial<Activities> = healthy === true ? {} : { look: async () => brokenLook };
  const played = script({ ...look, ...changes?.(under.wait) }, runbook ?? smallRunbook());
  const escalate: Activities['escalate'] = (input) => {
    played.calls.push(input.event);
    return played.activities.escalate(input);
  };
  await besideWorker(server.environment, { ...played.activities, escalate }, async ({ handle }) => {
    if (orders !== undefined) {
      await until(handle, ({ record }) => orders.when(record));
      await order(handle, ...orders.give);
    }
    if (when === undefined) await under.reached;
    else await until(handle, ({ record }) => when(record));
    await handle.cancel();
    await until(handle, ({ record }) => record.closing !== null);
    under.open();
    await see(handle, played);
  });
}

describe("a cancel from Temporal's UI, to its end", () => {
  test.each(rows)(
    'while $phase',
    async (row) => {
      await cancelled(row, async (handle, { calls }) => {
        expect(await handle.result()).toMatchObject({ outcome: 'cancelled' });
        const { record, events } = await recordOf(handle);
        const cancel = events.find((event) => event.kind === 'order' && event.name === 'cancel');
        expect(cancel).toMatchObject({ actor: 'temporal-ui', accepted: true });
        expect(record).toMatchObject({
          leaseHeld: false,
          inFlight: { target: null, people: null },
          closed: { outcome: 'cancelled', standing: row.standing ?? [] },
        });
        const begun = events.filter(({ kind, seq }) => kind === 'action-started' && seq > (cancel?.seq ?? 0));
        expect(begun).toEqual([]);
        const { applyAction = 0, compensate = 0, trigger = 0, resolve = 0 } = row.does ?? {};
        expect(calls.includes('release')).toBe(applyAction > 0);
        const did = ['applyAction', 'compensate', 'trigger', 'resolve'].map((name) => [name, count(calls, name)]);
        expect(Object.fromEntries(did)).toEqual({ applyAction, compensate, trigger, resolve });
      });
    },
    LIMIT,
  );
});
