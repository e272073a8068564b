import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { healthyAgain } from '../../dev/workloads/faults/healthy-again.ts';
import type { Namespaces } from '../../dev/workloads/namespaces.ts';
import type { Observer } from '../../dev/world/recovery.ts';
import type { World } from '../../dev/world/world.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { needs } from '../needs.ts';
import { startObservedWorld } from './observed-world.ts';
import {
  alertsResolved,
  begin,
  callsOf,
  close,
  pagesOf,
  reached,
  runsOf,
  type Story,
  TRIGGER,
  tell,
} from './recovery-story.ts';

needs('cluster', 'temporal');

// One fault takes about three minutes from its making to the end of its windowed alert.
jest.setTimeout(10 * 60_000);

const silent = () => undefined;
let world: World;
let observer: Observer;
let namespaces: Namespaces;
let stop: (() => Promise<void>) | undefined;

beforeAll(async () => {
  ({ world, observer, namespaces, stop } = await startObservedWorld('e2e', {
    alertmanagers: 2,
    // Long enough to fire on after the recovery, and short enough to be over before the next fault.
    durations: { window: '50s', repeatInterval: '20s' },
    // A program that ran for an hour before its first crash would be watched for as long as the runbook allows.
    runbooks: { set: [{ path: ['spec', 'verify', 'window', 'max'], value: '75s' }] },
  }));
});

afterAll(() => stop?.());

/**
 * A fault of each family: what Kintsugi finds, does, and what of it the API server sees, in order. Going back to an earlier revision is
 * told by `ordered.test.ts`, and of a fault by `test/all/template-remedies.test.ts`.
 */
const FAULTS = [
  {
    fault: 'configuration',
    cause: 'configuration-error',
    remedy: 'restore-variable',
    changes: ['patch deployments agent-bruno'],
  },
  {
    fault: 'redis',
    cause: 'redis-connection-failure',
    remedy: 'replace-pod',
    changes: ['delete pods redis-master-0', 'patch deployments agent-bruno'],
  },
  {
    fault: 'memory',
    cause: 'oom-killed',
    remedy: 'raise-memory',
    changes: ['patch deployments agent-bruno'],
  },
];

describe.each(FAULTS)('the fault $fault', ({ fault, cause, remedy, changes }) => {
  let story: Story;
  let record: RecoveryRecord;
  let image: string | undefined;

  beforeAll(async () => {
    image = await imageNow();
    story = await begin(world, fault);
    const isOver = ({ recovered, pages, attempts }: RecoveryRecord) =>
      recovered !== null || pages.length > 0 || attempts.some(({ stage }) => stage === 'asked');
    ({ record } = await reached(observer, story, isOver));
    const [run] = await runsOf(observer, story);
    tell(world, story, { fault, record, events: run?.events ?? 0 });
  });

  afterAll(async () => {
    await healthyAgain({ kube: world.kubernetes, namespaces, progress: silent }, world.cluster.registry);
  });

  test(`is found to be ${cause} and mended by ${remedy}`, () => {
    expect(record.recovered?.by).toBe('remedy');
    // A remedy by Flux is refused where no HelmRelease owns the dependency.
    const tried = record.attempts.filter(({ stage }) => stage !== 'refused');
    expect(tried.map(({ cause, remedy, stage }) => ({ cause, remedy, stage }))).toEqual([
      { cause, remedy, stage: 'verified' },
    ]);
    expect(tried[0]?.verification).toMatchObject({ result: 'pass' });
  });

  test('is changed exactly once, as the audit log says', () => {
    expect(callsOf(world, story).changes).toEqual(changes);
  });

  test('leaves the workload as the runbook says', async () => {
    const container = await livePod();
    expect(container.ready).toBe(true);
    if (fault === 'memory') expect(container.memory).toEqual({ request: '512Mi', limit: '2Gi' });
    expect(await imageNow()).toBe(image);
  });

  test("came by Alertmanager's group from the running Prometheus", () => {
    const alerts = Object.values(record.alerts).filter(({ role }) => role === 'trigger');
    expect(alerts.length).toBeGreaterThan(0);
    for (const { name, groupKey, generatorURL } of alerts) {
      expect(name).toBe(TRIGGER);
      expect(groupKey).toBe(`{}/{alertname="${TRIGGER}"}:{alertname="${TRIGGER}"}`);
      expect(generatorURL).toMatch(new RegExp(`^${world.monitoring.prometheusUrl}/graph\\?`));
    }
  });

  test('pages nobody, nor does its windowed alert that fires on, and all its alerts are one recovery', async () => {
    await alertsResolved(world);
    const { record: settled } = await reached(observer, story, ({ recovered }) => recovered !== null);
    expect(settled.episode.number).toBe(1);
    expect(Math.max(...Object.values(settled.alerts).map(({ count }) => count))).toBeGreaterThan(1);
    expect(await close(observer, story, record.recoveryId)).toMatchObject({ outcome: 'closed' });
    expect((await runsOf(observer, story)).map(({ id }) => id)).toEqual([story.workflowId]);
    expect(pagesOf(world, story)).toEqual([]);
    expect(callsOf(world, story).changes).toEqual(changes);
  });
});

async function imageNow(): Promise<string | undefined> {
  const name = { name: 'agent-bruno', namespace: namespaces.bruno };
  const { spec } = await world.kubernetes.apps.readNamespacedDeployment(name);
  return spec?.template.spec?.containers[0]?.image;
}

/** The one pod that serves: whether it is ready, and its container's memory. */
async function livePod() {
  const { items } = await world.kubernetes.core.listNamespacedPod({
    namespace: namespaces.bruno,
    labelSelector: 'app=agent-bruno',
  });
  const live = items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  expect(live).toHaveLength(1);
  const resources = live[0]?.spec?.containers[0]?.resources;
  return {
    ready: live[0]?.status?.containerStatuses?.[0]?.ready,
    memory: { request: resources?.requests?.memory, limit: resources?.limits?.memory },
  };
}
