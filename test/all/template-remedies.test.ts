import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { PatchStrategy } from '@kubernetes/client-node';
import { healthyAgain } from '../../dev/workloads/faults/healthy-again.ts';
import type { Namespaces } from '../../dev/workloads/namespaces.ts';
import type { Observer } from '../../dev/world/recovery.ts';
import type { World } from '../../dev/world/world.ts';
import { callOptions } from '../../src/kubernetes/transport.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { startObservedWorld } from '../cluster/observed-world.ts';
import {
  alertsResolved,
  approve,
  begin,
  callsOf,
  close,
  pagesOf,
  reached,
  runsOf,
  type Story,
  tell,
} from '../cluster/recovery-story.ts';
import { needs } from '../needs.ts';

needs('cluster', 'temporal');

// One fault takes about four minutes from its making to the end of its windowed alert.
jest.setTimeout(10 * 60_000);

const silent = () => undefined;
let world: World;
let observer: Observer;
let namespaces: Namespaces;
let stop: (() => Promise<void>) | undefined;

beforeAll(async () => {
  ({ world, observer, namespaces, stop } = await startObservedWorld('fields', {
    durations: { window: '40s', repeatInterval: '20s' },
    // Longer than the liveness probe needs to end a program, the written patience included: 60 s and 5 times 15 s.
    runbooks: { set: [{ path: ['spec', 'verify', 'window', 'max'], value: '150s' }] },
  }));
});

afterAll(() => stop?.());

/** A fault, what is found, which remedies are tried in which order, and what of it the API server sees. */
interface Scenario {
  fault: string;
  cause: string;
  /** Each remedy with how it ended, and why where it was refused. */
  attempts: { remedy: string; stage: 'verified' | 'refused'; refusal?: RegExp }[];
  changes: string[];
  /** What a person does while the remedy waits. */
  meanwhile?: { when(record: RecoveryRecord): boolean; act(): Promise<void> };
}

const PATCH = ['patch deployments agent-bruno'];

// The last one leaves a template behind that was seen healthy: the others return to the first one.
const SCENARIOS: Scenario[] = [
  {
    fault: 'bad-rollout',
    cause: 'application-startup-failure',
    // No build hook is set up here.
    attempts: [
      { remedy: 'rebuild', stage: 'refused' },
      { remedy: 'roll-back', stage: 'verified' },
    ],
    changes: PATCH,
  },
  {
    fault: 'port',
    cause: 'port-in-use',
    attempts: [{ remedy: 'restore-command', stage: 'verified' }],
    changes: PATCH,
  },
  {
    fault: 'image-tag',
    cause: 'image-pull-failure',
    attempts: [
      { remedy: 'restore-pull-secret', stage: 'refused' },
      { remedy: 'pin-healthy-image', stage: 'verified' },
    ],
    changes: PATCH,
  },
  {
    fault: 'permission',
    cause: 'permission-denied',
    attempts: [{ remedy: 'restore-security-context', stage: 'verified' }],
    changes: PATCH,
  },
  {
    fault: 'permission-image',
    cause: 'permission-denied',
    attempts: [
      { remedy: 'restore-security-context', stage: 'refused', refusal: /is the one with which it was healthy/ },
      { remedy: 'own-user', stage: 'refused', refusal: /\/app\/transcripts is a path of the image .* Dockerfile/ },
      { remedy: 'roll-back', stage: 'verified' },
    ],
    changes: PATCH,
  },
  {
    fault: 'wrong-probe-path',
    cause: 'liveness-probe-failure',
    attempts: [
      {
        remedy: 'more-patient-probe',
        stage: 'refused',
        refusal: /answered with status 404.*patience does not cure that; .* this probe asked GET :8080\/health$/,
      },
      { remedy: 'longer-start', stage: 'refused', refusal: /status 404/ },
      { remedy: 'roll-back', stage: 'verified' },
    ],
    changes: PATCH,
  },
  {
    fault: 'ollama',
    cause: 'ollama-timeout',
    attempts: [{ remedy: 'wait-for-ollama', stage: 'verified' }],
    // The old pod is ready and would be stopped by a restart: nothing has to be changed.
    changes: [],
    meanwhile: { when: ({ attempts }) => attempts[0]?.stage === 'applying', act: bringOllamaBack },
  },
  {
    fault: 'slow-health',
    cause: 'liveness-probe-failure',
    attempts: [{ remedy: 'more-patient-probe', stage: 'verified' }],
    changes: PATCH,
  },
];

describe.each(SCENARIOS)('the fault $fault', ({ fault, cause, attempts, changes, meanwhile }) => {
  let story: Story;
  let record: RecoveryRecord;

  beforeAll(async () => {
    story = await begin(world, fault);
    if (meanwhile !== undefined) {
      await reached(observer, story, (seen) => meanwhile.when(seen) || isOver(seen));
      await meanwhile.act();
    }
    ({ record } = await reached(observer, story, (seen) => isAsked(seen) || isOver(seen)));
    if (isAsked(record)) {
      await approve(observer, story, record);
      ({ record } = await reached(observer, story, isOver));
    }
    const [run] = await runsOf(observer, story);
    tell(world, story, { fault, record, events: run?.events ?? 0 });
  });

  afterAll(async () => {
    await healthyAgain({ kube: world.kubernetes, namespaces, progress: silent }, world.cluster.registry);
    // An alert that still fires after the close would open the next fault's recovery before its time.
    await alertsResolved(world);
    if (record !== undefined) await close(observer, story, record.recoveryId);
  });

  test(`is found to be ${cause}, and each remedy ends as it should`, () => {
    const tried = record.attempts.map((attempt) => ({
      remedy: attempt.remedy,
      stage: attempt.stage,
      cause: attempt.cause,
    }));
    expect(tried).toEqual(attempts.map(({ remedy, stage }) => ({ remedy, stage, cause })));
    for (const [index, { refusal }] of attempts.entries())
      if (refusal !== undefined) expect(record.attempts[index]?.why).toMatch(refusal);
    expect(record.recovered?.by).toBe('remedy');
    expect(record.attempts.at(-1)?.verification).toMatchObject({ result: 'pass' });
  });

  test('is changed as often as it must be, and pages nobody', () => {
    expect(callsOf(world, story).changes).toEqual(changes);
    expect(pagesOf(world, story).filter(({ body }) => body.event === 'trigger')).toEqual([]);
  });
});

test('the slow probe has the written patience in the end, the larger of what was and what is written', async () => {
  // `healthyAgain` has put the template back: what the recovery wrote stands in the revision before.
  const { items } = await world.kubernetes.apps.listNamespacedReplicaSet({ namespace: namespaces.bruno });
  const probes = items.map(({ spec }) => spec?.template?.spec?.containers[0]?.livenessProbe);
  expect(probes).toContainEqual(
    expect.objectContaining({ initialDelaySeconds: 60, periodSeconds: 15, timeoutSeconds: 10, failureThreshold: 5 }),
  );
});

/** Points Ollama's Service at the Deployment that exists, as somebody does who sees the mistake. */
async function bringOllamaBack(): Promise<void> {
  await world.kubernetes.core.patchNamespacedService(
    {
      name: 'ollama',
      namespace: namespaces.ollama,
      fieldManager: 'kubectl-patch',
      body: { spec: { selector: { 'app.kubernetes.io/name': 'ollama' } } },
    },
    callOptions({ patch: PatchStrategy.MergePatch }),
  );
}

function isAsked({ attempts }: RecoveryRecord): boolean {
  return attempts.some(({ stage }) => stage === 'asked');
}

function isOver({ recovered, pages }: RecoveryRecord): boolean {
  return recovered !== null || pages.length > 0;
}
