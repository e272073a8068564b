import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { healthyAgain } from '../../dev/workloads/faults/healthy-again.ts';
import type { Namespaces } from '../../dev/workloads/namespaces.ts';
import type { Observer } from '../../dev/world/recovery.ts';
import type { World } from '../../dev/world/world.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { startObservedWorld } from '../cluster/observed-world.ts';
import {
  alertsResolved,
  begin,
  callsOf,
  close,
  closeEarlier,
  pagesOf,
  reached,
  type Story,
} from '../cluster/recovery-story.ts';
import { needs } from '../needs.ts';

needs('cluster', 'temporal');

// One fault takes about three minutes from its making to the end of its windowed alert.
jest.setTimeout(10 * 60_000);

const silent = () => undefined;
let world: World;
let observer: Observer;
let namespaces: Namespaces;
let stop: (() => Promise<void>) | undefined;

beforeAll(async () => {
  ({ world, observer, namespaces, stop } = await startObservedWorld('deps', {
    durations: { window: '60s', repeatInterval: '20s' },
    runbooks: { set: [{ path: ['spec', 'verify', 'window', 'max'], value: '75s' }] },
  }));
});

afterAll(() => stop?.());

const FAULTS = [
  {
    fault: 'mongodb',
    cause: 'mongodb-connection-failure',
    redis: 'PONG',
    says: 'StatefulSet mongodb is scaled to 0',
    remedy: 'scale-up',
    change: 'patch statefulsets mongodb',
  },
  {
    fault: 'wrong-password',
    cause: 'configuration-error',
    redis: 'AUTH is refused: WRONGPASS',
    says: 'does not accept the login in REDIS_URL',
    remedy: 'restore-variable',
    change: 'patch deployments agent-bruno',
  },
];

describe.each(FAULTS)('the fault $fault', ({ fault, cause, redis, says, remedy, change }) => {
  let story: Story;
  let record: RecoveryRecord;

  beforeAll(async () => {
    story = await begin(world, fault);
    const isOver = ({ recovered, pages, attempts }: RecoveryRecord) =>
      recovered !== null || pages.length > 0 || attempts.some(({ stage }) => stage === 'asked');
    ({ record } = await reached(observer, story, isOver));
    const seconds = Math.round(
      (Date.parse(record.recovered?.at ?? record.now) - Date.parse(record.episode.brokenSince)) / 1000,
    );
    const { calls } = callsOf(world, story);
    process.stderr.write(
      `${fault}: ${cause}, ${remedy}, ${seconds} s from the alert, ${calls.length} Kubernetes calls\n`,
    );
  });

  afterAll(async () => {
    await healthyAgain({ kube: world.kubernetes, namespaces, progress: silent }, world.cluster.registry);
    // An alert that still fires after the close would open the next fault's recovery before its time.
    await alertsResolved(world);
    if (record !== undefined) await close(observer, story, record.recoveryId);
    await closeEarlier(world, observer, story.target);
  });

  test(`is found to be ${cause}, in the dependency's own words, and mended by ${remedy}`, () => {
    expect(record.recovered?.by).toBe('remedy');
    const tried = record.attempts.filter(({ stage }) => stage !== 'refused');
    expect(tried.map((attempt) => [attempt.cause, attempt.remedy, attempt.stage])).toEqual([
      [cause, remedy, 'verified'],
    ]);
    expect(JSON.stringify(record.checklist)).toContain(redis);
    expect(JSON.stringify(record.findings)).toContain(says);
  });

  test('is changed where the fault is, and pages nobody', () => {
    const { changes } = callsOf(world, story);
    expect(changes).toContain(change);
    expect(changes.filter((made) => made !== change && made !== 'patch deployments agent-bruno')).toEqual([]);
    expect(pagesOf(world, story)).toEqual([]);
  });
});
