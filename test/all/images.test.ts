import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { moveTag } from '../../dev/cluster/registry.ts';
import { type Registry, readState } from '../../dev/cluster/state.ts';
import { healthyAgain } from '../../dev/workloads/faults/healthy-again.ts';
import { patchAgentBruno } from '../../dev/workloads/faults/patch.ts';
import { waitAgentBruno } from '../../dev/workloads/healthy.ts';
import type { Namespaces } from '../../dev/workloads/namespaces.ts';
import { waitFor } from '../../dev/workloads/wait.ts';
import { waitForBaseline } from '../../dev/world/baseline.ts';
import type { Observer } from '../../dev/world/recovery.ts';
import type { World } from '../../dev/world/world.ts';
import { createBaselines } from '../../src/activities/baseline-store.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { CI_HEADERS, type Ci, startCi } from '../cluster/ci-stand-in.ts';
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
} from '../cluster/recovery-story.ts';
import { needs } from '../needs.ts';

needs('cluster', 'temporal');

jest.setTimeout(10 * 60_000);

/** Every fault of an image, from its alert to recovered or handed over. */

/** A tag of this run alone: what is pushed under it disturbs nobody else. */
const MOVING = `ghcr.io/brunovlucena/agent-bruno:moving-${randomBytes(3).toString('hex')}`;
const silent = () => undefined;
let world: World;
let observer: Observer;
let namespaces: Namespaces;
let stop: (() => Promise<void>) | undefined;
let registry: Registry;
let ci: Ci;
let folder: string;

beforeAll(async () => {
  const known = readState()?.access?.registry;
  if (known === undefined) throw new Error('these faults need a registry of the cluster’s own');
  registry = known;
  ci = await startCi(registry);
  folder = await mkdtemp(join(tmpdir(), 'kintsugi-ci-'));
  const headersFile = join(folder, 'headers');
  await writeFile(headersFile, CI_HEADERS);
  ({ world, observer, namespaces, stop } = await startObservedWorld('image', (own) => ({
    durations: { window: '75s', repeatInterval: '20s' },
    runbooks: {
      set: [
        { path: ['spec', 'verify', 'window', 'max'], value: '75s' },
        // Every namespace of the development world has the pull secret: this one stands for the platform's.
        {
          runbook: 'agent-bruno-pod-crash-loop',
          path: ['spec', 'params', 'pullSecretNamespace'],
          value: own.redis,
        },
      ],
    },
    builds: [{ name: 'agent-bruno', timeout: '2m', http: { url: ci.url, headersFile, status: '/url', poll: '1s' } }],
  })));
});

afterAll(async () => {
  await stop?.();
  await ci?.close();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

const target = () => ({ namespace: namespaces.bruno, kind: 'Deployment', name: 'agent-bruno' });
const context = () => ({ kube: world.kubernetes, namespaces, registry, progress: silent });

/** One fault from healthy to its end, and one line for the table of figures. */
async function recovery(fault: string, { approved = false } = {}) {
  await waitForBaseline(world.kubernetes, 'kintsugi', target(), AbortSignal.timeout(180_000));
  const story = await begin(world, fault);
  const done = ({ recovered, pages }: RecoveryRecord) =>
    recovered !== null || pages.some(({ rungs }) => rungs.some(({ tries }) => tries.some(({ taken }) => taken)));
  const asks = ({ attempts }: RecoveryRecord) => attempts.some(({ stage }) => stage === 'asked');
  let { record } = await reached(observer, story, (now) => done(now) || (approved && asks(now)));
  if (approved && !done(record)) {
    await approve(observer, story, record);
    ({ record } = await reached(observer, story, done));
  }
  const [run] = await runsOf(observer, story);
  const seconds = Math.round(
    (Date.parse(record.recovered?.at ?? record.now) - Date.parse(record.episode.brokenSince)) / 1000,
  );
  const tried = record.attempts.map(({ remedy, stage }) => `${remedy} ${stage}`).join(', ');
  process.stderr.write(
    `${fault}: ${record.findings?.[0]?.cause}; ${tried}; ${record.recovered === null ? 'paged' : 'recovered'} after ${seconds} s; ${run?.events} history events, ${callsOf(world, story).calls.length} Kubernetes calls${approved ? ', approved by a person' : ''}\n`,
  );
  return { story, record };
}

/**
 * Takes back what was done and ends the recovery, so that the next fault begins on what was published: in this order, since an alert that
 * still fires would open a recovery anew, which then has the next fault for its own.
 */
async function end(story: Story, record: RecoveryRecord): Promise<void> {
  await healthyAgain(context(), registry);
  await alertsResolved(world);
  await close(observer, story, record.recoveryId);
}

const stages = ({ attempts }: RecoveryRecord) => attempts.map(({ remedy, stage }) => `${remedy} ${stage}`);

async function imageNow(): Promise<string> {
  const { spec } = await world.kubernetes.apps.readNamespacedDeployment({
    name: 'agent-bruno',
    namespace: namespaces.bruno,
  });
  return spec?.template.spec?.containers[0]?.image ?? '';
}

describe('a pull secret that is gone', () => {
  let found: Awaited<ReturnType<typeof recovery>>;
  beforeAll(async () => {
    found = await recovery('pull-secret', { approved: true });
  });
  afterAll(() => end(found.story, found.record));

  test('is named, and copied from where the runbook says once a person agrees', () => {
    const { record } = found;
    expect(record.findings?.[0]?.summary).toContain(`its pull secret ${namespaces.bruno}/ghcr-secret does not exist`);
    expect(stages(record)).toEqual(['restore-pull-secret verified']);
    expect(record.recovered?.by).toBe('remedy');
  });

  test('leaves nothing of it in what Temporal and people were told', async () => {
    const { record, story } = found;
    const history = JSON.stringify(await observer.client.workflow.getHandle(story.workflowId).fetchHistory());
    const told = `${history}${JSON.stringify(record)}${JSON.stringify(pagesOf(world, story))}`;
    const forms = [registry.password, Buffer.from(registry.password).toString('base64').replace(/=+$/, '')];
    expect(forms.filter((form) => told.includes(form))).toEqual([]);
    expect(callsOf(world, story).changes).toEqual([
      'create secrets ghcr-secret',
      expect.stringMatching(/^delete pods agent-bruno-/),
    ]);
  });
});

describe('a pull secret of the wrong type', () => {
  let found: Awaited<ReturnType<typeof recovery>>;
  beforeAll(async () => {
    found = await recovery('pull-secret-type');
  });
  afterAll(() => end(found.story, found.record));

  test('is named with its type and handed over, with nothing written', () => {
    const { record, story } = found;
    expect(record.recovered).toBeNull();
    expect(stages(record)).toEqual(['restore-pull-secret refused', 'pin-healthy-image refused', 'roll-back refused']);
    const pages = pagesOf(world, story).filter(({ body }) => body.event === 'trigger');
    expect(pages).toHaveLength(1);
    expect(JSON.stringify(pages[0]?.body.findings)).toContain('is no kubernetes.io/dockerconfigjson (type Opaque)');
    expect(callsOf(world, story).changes).toEqual([]);
  });
});

describe('a tag that was pushed again', () => {
  let found: Awaited<ReturnType<typeof recovery>>;

  /** Agent Bruno runs and is seen healthy under a tag that this test may move. */
  async function underMovingTag(): Promise<void> {
    await moveTag(registry, MOVING, 'latest');
    await patchAgentBruno(context(), { image: MOVING });
    await waitAgentBruno(world.kubernetes, { namespaces });
    const secrets = { isSecret: () => true, hmac: () => '' };
    const baselines = createBaselines({ kubernetes: world.kubernetes, namespace: 'kintsugi', secrets });
    const isKnown = async () => (await baselines.read(target()))?.containers[0]?.image === MOVING;
    await waitFor({ what: 'the baseline with the moving tag', seconds: 180 }, async () =>
      (await isKnown()) ? undefined : 'it is not recorded',
    );
  }

  describe('while the build fails', () => {
    beforeAll(async () => {
      await underMovingTag();
      ci.fails = true;
      found = await recovery('moved-tag');
    });
    afterAll(() => end(found.story, found.record));

    test('has nothing to roll back to, and is mended by the digest that was healthy', async () => {
      expect(found.record.findings?.[0]?.cause).toBe('application-startup-failure');
      expect(stages(found.record)).toEqual(['rebuild undone', 'roll-back refused', 'pin-healthy-image verified']);
      expect(await imageNow()).toMatch(/^ghcr\.io\/brunovlucena\/agent-bruno@sha256:[0-9a-f]{64}$/);
      expect(pagesOf(world, found.story)).toEqual([]);
    });
  });

  describe('while the build gives a good image', () => {
    beforeAll(async () => {
      await underMovingTag();
      ci.fails = false;
      ci.builds.clear();
      found = await recovery('moved-tag');
    });
    afterAll(() => end(found.story, found.record));

    test('is built again once from the commit that runs, and its digest rolled out', async () => {
      expect(stages(found.record)).toEqual(['rebuild verified']);
      const [built, ...others] = [...ci.builds.values()];
      expect(others).toEqual([]);
      expect(await imageNow()).toBe(`ghcr.io/brunovlucena/agent-bruno@${built?.digest}`);
      const plan = found.record.attempts[0]?.plans.find(({ action }) => action === 'set-image');
      expect(plan?.changes).toMatchObject([{ after: { value: `ghcr.io/brunovlucena/agent-bruno@${built?.digest}` } }]);
      expect(pagesOf(world, found.story)).toEqual([]);
    });
  });
});
