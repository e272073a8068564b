import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ActionContext } from '../../src/actions/action.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import { readTarget } from '../../src/actions/plan/subject.ts';
import { ownership } from '../../src/actions/rules/ownership.ts';
import type { Verdict } from '../../src/actions/rules/verdict.ts';
import { HELD } from '../../src/kubernetes/gitops.ts';
import type { Json, Plan } from '../../src/recovery/values.ts';
import { type FakeApi, startFakeApi } from '../kubernetes/fake-api.ts';
import { contextFor, runbookFor } from './action-context.ts';

/** What the rules say of Flux's objects; the controllers themselves are asked in test/cluster/gitops.test.ts. */

const TARGET = { namespace: 'bruno', kind: 'Deployment', name: 'app' };
const RELEASE = 'GET /apis/helm.toolkit.fluxcd.io/v2/namespaces/redis/helmreleases/redis';
const CHART = 'GET /apis/source.toolkit.fluxcd.io/v1/namespaces/redis/helmcharts/redis-redis';
const DEPLOYMENT = 'GET /apis/apps/v1/namespaces/bruno/deployments/app';
const PODS = 'GET /api/v1/namespaces/redis/pods';
const STORES = 'GET /apis/apps/v1/namespaces/redis/statefulsets';
const STORE = 'GET /apis/apps/v1/namespaces/redis/statefulsets/redis-master';

let api: FakeApi;
beforeEach(async () => {
  api = await startFakeApi({
    [CHART]: { status: { artifact: { revision: '20.1.0', url: 'http://x', digest: 'sha256:1' } } },
    [PODS]: { items: [] },
    'GET /apis/apps/v1/namespaces/redis/deployments': { items: [] },
    'GET /apis/apps/v1/namespaces/redis/daemonsets': { items: [] },
    'GET /apis/apps/v1/namespaces/redis/controllerrevisions': { items: [] },
    'GET /api/v1/namespaces/redis/services': { items: [{ metadata: { name: 'redis-master' } }] },
    'GET /apis/apps/v1/deployments': {
      items: [dependent('shop', 'redis://redis-master.redis.svc:6379'), dependent('web', 'x')],
    },
    'GET /apis/apps/v1/statefulsets': { items: [] },
    'GET /apis/apps/v1/daemonsets': { items: [] },
  });
});
afterEach(() => api.close());

function dependent(name: string, value: string): object {
  const template = { spec: { containers: [{ name: 'app', env: [{ name: 'REDIS_URL', value }] }] } };
  return { metadata: { name, namespace: 'shop' }, spec: { template } };
}

const deployed = { name: 'redis', version: 3, status: 'deployed', chartVersion: '20.1.0', configDigest: 'd' };
const ready = { type: 'Ready', status: 'True', reason: 'UpgradeSucceeded', message: 'done', observedGeneration: 2 };

function release({
  spec = {},
  status = {},
  annotations = {},
}: {
  spec?: object;
  status?: object;
  annotations?: object;
}) {
  return {
    metadata: { name: 'redis', namespace: 'redis', uid: 'r', resourceVersion: '1', generation: 2, annotations },
    spec,
    status: {
      helmChart: 'redis/redis-redis',
      observedGeneration: 2,
      lastAttemptedConfigDigest: 'd',
      history: [deployed],
      conditions: [ready],
      ...status,
    },
  };
}

function store({ replicas = 0, claims = true }): object {
  return {
    metadata: { name: 'redis-master', namespace: 'redis', uid: 's', resourceVersion: '1' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'redis' } },
      template: { spec: { containers: [] } },
      ...(claims ? { volumeClaimTemplates: [{}] } : {}),
    },
  };
}

function context(helmRelease: string | undefined = 'redis'): ActionContext {
  const dependency = { name: 'redis', type: 'redis' as const, namespace: 'redis', selector: 'app=redis' };
  const runbook = runbookFor(TARGET, [{ ...dependency, ...(helmRelease === '' ? {} : { helmRelease }) }]);
  return contextFor(api.kubernetes, TARGET, { runbook });
}

function planned(name: string, params: { [key: string]: Json }, own = context()): Promise<Plan> {
  const action = actionNamed(name);
  return action.plan(own, action.params.parse(params));
}

describe('a reconciliation of a HelmRelease', () => {
  test('is one token on the object, which the controller answers', async () => {
    api.answers[RELEASE] = release({
      spec: { driftDetection: { mode: 'enabled' } },
      annotations: { 'reconcile.fluxcd.io/requestedAt': 'before' },
    });
    const plan = await planned('flux-reconcile', { of: 'redis', timeout: '300s' });
    expect(plan).toMatchObject({ undo: 'none', waitSeconds: 300, risk: 'low' });
    expect(plan.refusal).toBeUndefined();
    expect(plan.changes).toEqual([
      {
        type: 'field',
        object: expect.objectContaining({ kind: 'HelmRelease', namespace: 'redis', name: 'redis', uid: 'r' }),
        path: '/metadata/annotations/reconcile.fluxcd.io~1requestedAt',
        before: { value: 'before' },
        after: { value: expect.stringMatching(/^20.*Z$/) },
      },
    ]);
  });

  test.each<[string, Parameters<typeof release>[0], string]>([
    ['is suspended', { spec: { suspend: true } }, 'is suspended'],
    [
      'is failing',
      { status: { conditions: [{ ...ready, status: 'False', reason: 'UpgradeFailed', message: 'timed out' }] } },
      'UpgradeFailed: timed out',
    ],
    ['is up to date and corrects no drift', {}, 'would change nothing'],
  ])('is refused and named where it %s', async (_, changes, reason) => {
    api.answers[RELEASE] = release(changes);
    const { refusal } = await planned('flux-reconcile', { of: 'redis' });
    expect(refusal?.reason).toContain(reason);
  });

  test('is made where a chart or a change of its spec waits', async () => {
    api.answers[RELEASE] = release({ status: { history: [{ ...deployed, chartVersion: '20.0.0' }] } });
    expect((await planned('flux-reconcile', { of: 'redis' })).refusal).toBeUndefined();
    api.answers[RELEASE] = release({
      status: { observedGeneration: 1, conditions: [{ ...ready, observedGeneration: 1 }] },
    });
    expect((await planned('flux-reconcile', { of: 'redis' })).refusal).toBeUndefined();
  });

  test('is not possible where no release is, or none is named', async () => {
    await expect(planned('flux-reconcile', { of: 'redis' })).rejects.toMatchObject({
      code: 'not-found',
      retryable: false,
    });
    await expect(planned('flux-reconcile', { of: 'redis' }, context(''))).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('forcing a HelmRelease (safety 10)', () => {
  beforeEach(() => {
    api.answers[STORES] = { items: [store({})] };
    api.answers[STORE] = store({});
  });

  test('is done by itself where what is deployed is what is wanted, and its data is persistent', async () => {
    api.answers[RELEASE] = release({});
    const plan = await planned('flux-reconcile', { of: 'redis', force: true });
    expect(plan).toMatchObject({ risk: 'medium' });
    expect(plan.ask).toBeUndefined();
    expect(plan.refusal).toBeUndefined();
    const [requested, forced] = plan.changes.map((change) => ('after' in change ? change.after : null));
    expect(forced).toEqual(requested);
  });

  test.each<[string, Parameters<typeof release>[0], string]>([
    ['an upgrade waits', { status: { history: [{ ...deployed, chartVersion: '20.0.0' }] } }, 'an upgrade is pending'],
    ['other values were tried', { status: { lastAttemptedConfigDigest: 'e' } }, 'values last tried'],
    ['its values stand elsewhere', { spec: { valuesFrom: [{}] } }, 'values from elsewhere'],
    [
      'it uninstalls what fails',
      { spec: { upgrade: { remediation: { strategy: 'uninstall' } } } },
      'strategy is uninstall',
    ],
    ['it replaces objects', { spec: { upgrade: { force: true } } }, 'replace objects'],
  ])('asks, and names who depends on it, where %s', async (_, changes, reason) => {
    api.answers[RELEASE] = release(changes);
    const { ask } = await planned('flux-reconcile', { of: 'redis', force: true });
    expect(ask).toContain(reason);
    expect(ask).toContain('it serves Deployment shop/shop');
    expect(ask).not.toContain('shop/web');
  });

  test('asks where its data is on no claim', async () => {
    api.answers[RELEASE] = release({});
    api.answers[STORES] = { items: [store({ claims: false })] };
    api.answers[STORE] = store({ claims: false });
    expect((await planned('flux-reconcile', { of: 'redis', force: true })).ask).toContain('keeps its data on no claim');
  });

  test('is refused where everything that it installs is there as it made it', async () => {
    api.answers[RELEASE] = release({});
    api.answers[STORES] = { items: [store({ replicas: 1 })] };
    api.answers[STORE] = store({ replicas: 1 });
    const { refusal } = await planned('flux-reconcile', { of: 'redis', force: true });
    expect(refusal).toMatchObject({ code: 'nothing-missing' });
  });
});

describe('a hold', () => {
  const labelled = (labels: object, annotations: object = {}) => ({
    metadata: { name: 'app', namespace: 'bruno', uid: 'u', resourceVersion: '1', labels, annotations },
    spec: { replicas: 1, selector: { matchLabels: { app: 'app' } }, template: { spec: { containers: [] } } },
  });
  const kustomize = {
    'kustomize.toolkit.fluxcd.io/name': 'apps',
    'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
  };
  const helm = { 'helm.toolkit.fluxcd.io/name': 'redis', 'helm.toolkit.fluxcd.io/namespace': 'redis' };

  /** What a change of the target's template is told of its owners, after these actions. */
  async function owned(earlier: Plan[]): Promise<Verdict> {
    const own = { ...context(), earlier };
    return ownership(own, (await readTarget(own)).workload);
  }

  beforeEach(() => {
    api.answers['GET /apis/apps/v1/namespaces/bruno/replicasets'] = { items: [] };
    api.answers['GET /api/v1/namespaces/bruno/pods'] = { items: [] };
  });

  test('is nothing to do where nobody in Git owns the target, or it is held already', async () => {
    api.answers[DEPLOYMENT] = labelled({});
    expect(await planned('hold-gitops', {})).toMatchObject({ changes: [], undo: 'none' });
    api.answers[DEPLOYMENT] = labelled(kustomize, { 'kustomize.toolkit.fluxcd.io/reconcile': HELD });
    expect(await planned('hold-gitops', {})).toMatchObject({
      changes: [],
      summary: expect.stringContaining('held already'),
    });
  });

  test('holds the object and not its owner, and lets the later actions of the remedy go on', async () => {
    api.answers[DEPLOYMENT] = labelled(kustomize);
    const hold = await planned('hold-gitops', { expires: '2h' });
    expect(hold).toMatchObject({
      undo: 'at-end',
      hold: { tool: 'flux-kustomization', owner: 'Kustomization flux-system/apps', expires: '2h' },
      changes: [
        {
          object: { kind: 'Deployment', name: 'app' },
          path: '/metadata/annotations/kustomize.toolkit.fluxcd.io~1reconcile',
          before: { absent: true },
          after: { value: HELD },
        },
      ],
    });
    expect((await owned([])).refusal).toMatchObject({ code: 'gitops-owned' });
    expect((await owned([hold])).refusal).toBeUndefined();
  });

  test('of a release with drift detection is on its own switch, and asks where an upgrade waits', async () => {
    api.answers[DEPLOYMENT] = labelled(helm);
    api.answers[RELEASE] = release({ spec: { driftDetection: { mode: 'enabled' } } });
    const plan = await planned('hold-gitops', {});
    expect(plan.ask).toBeUndefined();
    expect(plan.changes).toMatchObject([{ path: '/metadata/annotations/helm.toolkit.fluxcd.io~1driftDetection' }]);
    api.answers[RELEASE] = release({
      spec: { driftDetection: { mode: 'enabled' } },
      status: { history: [{ ...deployed, chartVersion: '20.0.0' }] },
    });
    expect((await planned('hold-gitops', {})).ask).toContain('chart 20.1.0 waits, 20.0.0 is deployed');
  });

  test('is refused where only the whole owner could be held, or it may not be read', async () => {
    api.answers[DEPLOYMENT] = labelled({}, { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:bruno/app' });
    expect((await planned('hold-gitops', {})).refusal?.reason).toContain('can be held off only as a whole');
    api.answers[DEPLOYMENT] = labelled(helm);
    api.answers[RELEASE] = 403;
    await expect(planned('hold-gitops', {})).resolves.toMatchObject({
      refusal: { reason: expect.stringContaining('cannot be read') },
    });
  });

  test('lasts at most 23 hours, since the run ends after 24', () => {
    const { params } = actionNamed('hold-gitops');
    expect(params.safeParse({ expires: '23h' }).success).toBe(true);
    expect(params.safeParse({ expires: '24h' }).success).toBe(false);
  });
});
