import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { findGitOpsOwner, findHelmRelease } from '../../src/kubernetes/gitops.ts';
import { toWorkload, type Workload } from '../../src/kubernetes/workloads.ts';
import { type FakeApi, startFakeApi } from './fake-api.ts';

const RELEASE = 'GET /apis/helm.toolkit.fluxcd.io/v2/namespaces/flux/helmreleases/redis';
const DISCOVERY = 'GET /apis/argoproj.io/v1alpha1';
const APPLICATIONS = 'GET /apis/argoproj.io/v1alpha1/applications';

let api: FakeApi;
beforeEach(async () => {
  api = await startFakeApi();
});
afterEach(() => api.close());

describe('a HelmRelease owns an object', () => {
  const labels = { 'helm.toolkit.fluxcd.io/name': 'redis', 'helm.toolkit.fluxcd.io/namespace': 'flux' };

  const metadata = { name: 'redis', namespace: 'flux', uid: 'u', resourceVersion: '1' };

  test('only with drift detection on', async () => {
    api.answers[RELEASE] = { metadata, spec: { driftDetection: { mode: 'enabled' } } };
    expect(await findGitOpsOwner(api.kubernetes, workload({ labels }))).toMatchObject({
      tool: 'flux-helm-release',
      owner: 'HelmRelease flux/redis',
      reason: expect.stringContaining('has drift detection on'),
    });
    api.answers[RELEASE] = { metadata, spec: { driftDetection: { mode: 'warn' } } };
    expect(await findGitOpsOwner(api.kubernetes, workload({ labels }))).toBeNull();
    api.answers[RELEASE] = 404;
    expect(await findGitOpsOwner(api.kubernetes, workload({ labels }))).toBeNull();
  });

  test('not where the object opts out, and always where the release may not be read', async () => {
    api.answers[RELEASE] = 403;
    expect((await findGitOpsOwner(api.kubernetes, workload({ labels })))?.reason).toContain('cannot be read');
    const annotations = { 'helm.toolkit.fluxcd.io/driftDetection': 'disabled' };
    expect(await findGitOpsOwner(api.kubernetes, workload({ labels, annotations }))).toBeNull();
  });

  test('is not guessed at while the API server is away', async () => {
    api.answers[RELEASE] = 503;
    await expect(findGitOpsOwner(api.kubernetes, workload({ labels }))).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('an Argo CD Application owns an object by the instance label', () => {
  const labels = { 'app.kubernetes.io/instance': 'shop' };
  const listing = (name: string) => ({
    items: [
      {
        metadata: { name: 'shop', namespace: 'argocd' },
        status: { resources: [{ kind: 'Deployment', namespace: 'bruno', name }] },
      },
    ],
  });

  test('only if an Application of that name lists the object', async () => {
    api.answers[DISCOVERY] = { resources: [{ name: 'applications' }] };
    api.answers[APPLICATIONS] = listing('app');
    expect(await findGitOpsOwner(api.kubernetes, workload({ labels }))).toMatchObject({
      owner: 'Application argocd/shop',
    });
    api.answers[APPLICATIONS] = listing('another');
    expect(await findGitOpsOwner(api.kubernetes, workload({ labels }))).toBeNull();
  });

  test('and is not asked for where there is no Argo CD', async () => {
    expect(await findGitOpsOwner(api.kubernetes, workload({ labels }))).toBeNull();
    expect(api.calls).toEqual([DISCOVERY]);
  });
});

test('a release that Helm itself runs is named, though nothing reverts changes until its next upgrade', () => {
  const annotations = { 'meta.helm.sh/release-name': 'shop', 'meta.helm.sh/release-namespace': 'web' };
  expect(findHelmRelease(workload({ annotations }))).toBe('web/shop');
  expect(findHelmRelease(workload({ labels: { 'app.kubernetes.io/managed-by': 'Helm' } }))).toBe('bruno/app');
  expect(findHelmRelease(workload({}))).toBeNull();
});

function workload(metadata: { labels?: Record<string, string>; annotations?: Record<string, string> }): Workload {
  return toWorkload('Deployment', {
    metadata: { name: 'app', namespace: 'bruno', uid: 'u', resourceVersion: '1', ...metadata },
    spec: { selector: {}, template: {} },
  });
}
