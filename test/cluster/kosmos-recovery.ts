import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { kosmosHealthyAgain } from '../../dev/workloads/faults/kosmos-healthy-again.ts';
import type { KosmosAgent } from '../../dev/workloads/healthy.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { type ObservedWorld, startObservedWorld } from './observed-world.ts';
import {
  alertsResolved,
  begin,
  callsOf,
  close,
  closeEarlier,
  KOSMOS_TRIGGERS,
  pagesOf,
  reached,
  runsOf,
  type Story,
  tell,
} from './recovery-story.ts';

/** A fault of a KOSMOS agent, and what its recovery is to be. */
export interface KosmosFault {
  fault: string;
  agent: KosmosAgent;
  trigger: string;
  cause: string;
  remedy: string;
  /** What of it the API server sees, in order; names of pods have a random end. */
  changes: RegExp[];
  /** What else is to be seen of the recovery and of the cluster. */
  sees?: (record: RecoveryRecord, world: ObservedWorld) => void | Promise<void>;
}

/** How a world of KOSMOS' agents differs from a development machine's. */
const KOSMOS_WORLD = {
  workloads: ['kosmos'] as const,
  durations: { window: '50s', repeatInterval: '20s' },
  // A program that ran for an hour before its first crash would be watched for as long as the runbook allows.
  runbooks: { set: [{ path: ['spec', 'verify', 'window', 'max'], value: '75s' }] },
};

/**
 * The faults in one world, each from its alert to recovered. An agent is broken once a world, since a late repeat of its alert would open
 * a recovery anew.
 */
export function describeKosmosFaults(...rows: KosmosFault[]): void {
  // One fault takes about three minutes from its making to the end of its windowed alert.
  jest.setTimeout(10 * 60_000);
  let world: ObservedWorld;

  beforeAll(async () => {
    world = await startObservedWorld('kosmos', KOSMOS_WORLD);
  });

  afterAll(() => world?.stop());

  for (const row of rows) describeKosmosFault(() => world, row);
}

/** Makes a fault and follows its recovery from the alert to recovered; takes it back afterwards. */
function describeKosmosFault(worldOf: () => ObservedWorld, row: KosmosFault): void {
  describe(`the fault ${row.fault}`, () => {
    let story: Story;
    let record: RecoveryRecord;

    beforeAll(async () => {
      const { world, observer } = worldOf();
      story = await begin(world, row.fault);
      const isOver = ({ recovered, pages, attempts }: RecoveryRecord) =>
        recovered !== null || pages.length > 0 || attempts.some(({ stage }) => stage === 'asked');
      ({ record } = await reached(observer, story, isOver));
      const runs = await runsOf(observer, story);
      const events = runs.find(({ id }) => id === story.workflowId)?.events ?? 0;
      tell(world, story, { fault: row.fault, record, events });
    });

    afterAll(async () => {
      const { world, observer, namespaces } = worldOf();
      const context = { kube: world.kubernetes, namespaces, progress: () => undefined };
      await kosmosHealthyAgain(context, world.cluster.registry, [row.agent]);
      // A repeat of the alert that was under way may have opened one more, which would take the next fault for its own.
      await closeEarlier(world, observer, story.target);
    });

    test(`is found to be ${row.cause} and mended by ${row.remedy}`, () => {
      expect(record.recovered?.by).toBe('remedy');
      const tried = record.attempts.filter(({ stage }) => stage !== 'refused');
      expect(tried.map(({ cause, remedy, stage }) => ({ cause, remedy, stage }))).toEqual([
        { cause: row.cause, remedy: row.remedy, stage: 'verified' },
      ]);
      expect(tried[0]?.verification).toMatchObject({ result: 'pass' });
    });

    test('is changed no further, as the audit log says', () => {
      const { changes } = callsOf(worldOf().world, story);
      expect(changes).toEqual(row.changes.map((change) => expect.stringMatching(change)));
    });

    test('is seen in the record and in the cluster', async () => {
      await row.sees?.(record, worldOf());
    });

    test('pages nobody, and is one recovery until its alert is over', async () => {
      const { world, observer } = worldOf();
      await alertsResolved(world, KOSMOS_TRIGGERS);
      const { record: settled } = await reached(observer, story, ({ recovered }) => recovered !== null);
      expect(settled.episode.number).toBe(1);
      expect(await close(observer, story, record.recoveryId)).toMatchObject({ outcome: 'closed' });
      expect(pagesOf(world, story)).toEqual([]);
      const names = Object.values(record.alerts).map(({ name }) => name);
      expect(names).toContain(row.trigger);
    });
  });
}
