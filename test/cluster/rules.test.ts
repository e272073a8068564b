import { describe, expect, jest, test } from '@jest/globals';
import { readWorkload } from '../../src/kubernetes/workloads.ts';
import { finding } from '../actions/action-context.ts';
import { needs } from '../needs.ts';
import { planningWorld } from './planning-world.ts';
import { until } from './until.ts';
import { containerPatch, patchByHand, untilRolledOut } from './workloads.ts';

needs('cluster');

// A real cluster schedules and starts pods: seconds as a rule.
jest.setTimeout(120_000);

const { kubernetes, healthy, planFor } = await planningWorld('rules');

describe('raising memory (safety 8)', () => {
  const raise = { container: 'app', memory: { request: '24Mi', limit: '64Mi' } };

  test('is refused where the LimitRange would not admit the pod', async () => {
    const target = await healthy();
    await kubernetes.core.createNamespacedLimitRange({
      namespace: target.namespace,
      body: { metadata: { name: 'small' }, spec: { limits: [{ type: 'Container', max: { memory: '48Mi' } }] } },
    });
    const plan = await planFor('set-resources', target, raise);
    expect(plan.refusal).toMatchObject({ code: 'not-admitted', reason: expect.stringContaining('48Mi') });
  });

  test('is refused where the quota has no room for the new pod beside the old one', async () => {
    const target = await healthy();
    await kubernetes.core.createNamespacedResourceQuota({
      namespace: target.namespace,
      body: { metadata: { name: 'little' }, spec: { hard: { 'limits.memory': '80Mi' } } },
    });
    await until('the quota to be counted', async () => {
      const quota = await kubernetes.core.readNamespacedResourceQuota({ name: 'little', namespace: target.namespace });
      return quota.status?.used?.['limits.memory'] === '32Mi';
    });
    const plan = await planFor('set-resources', target, raise);
    expect(plan.refusal).toMatchObject({ code: 'not-admitted', reason: expect.stringContaining('exceeded quota') });
  });

  test('is refused where no node has room for the request', async () => {
    const target = await healthy();
    const plan = await planFor('set-resources', target, { container: 'app', memory: { request: '9Ti', limit: '9Ti' } });
    expect(plan.refusal).toMatchObject({ code: 'no-room', reason: expect.stringContaining('free on node') });
  });

  test('at the cap, of another container, or for another cause is handed over', async () => {
    const target = await healthy();
    const atCap = { container: 'app', memory: { limit: '32Mi', factor: 2, cap: '32Mi' } };
    expect((await planFor('set-resources', target, atCap)).refusal?.code).toBe('at-cap');
    const sidecar = { finding: { ...finding, container: 'sidecar' } };
    expect((await planFor('set-resources', target, raise, sidecar)).refusal?.code).toBe('not-oom-killed');
    const startup = { finding: { ...finding, cause: 'application-startup-failure' } };
    expect((await planFor('set-resources', target, raise, startup)).refusal?.code).toBe('not-oom-killed');
    const unknown = { container: 'nobody', memory: { limit: '64Mi' } };
    expect((await planFor('set-resources', target, unknown)).refusal?.code).toBe('not-found');
  });
});

describe('who else works on the object (safety 5, 11)', () => {
  const raise = { container: 'app', memory: { limit: '64Mi' } };

  test('what Flux or Argo CD would write over is refused with its owner', async () => {
    const target = await healthy();
    const labels = {
      'kustomize.toolkit.fluxcd.io/name': 'apps',
      'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
    };
    await patchByHand(kubernetes, target, { metadata: { labels } });
    const flux = await planFor('set-resources', target, raise);
    expect(flux.refusal).toMatchObject({
      code: 'gitops-owned',
      reason: expect.stringContaining('Kustomization flux-system/apps (Flux) reverts changes'),
    });
    await patchByHand(kubernetes, target, {
      metadata: { annotations: { 'kustomize.toolkit.fluxcd.io/reconcile': 'disabled' } },
    });
    expect((await planFor('set-resources', target, raise)).refusal).toBeUndefined();
    await patchByHand(kubernetes, target, {
      metadata: { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:x/app' } },
    });
    expect((await planFor('set-resources', target, raise)).refusal?.reason).toContain('Application shop (Argo CD)');
  });

  test("a Helm chart's instance label alone, without any Argo CD, owns nothing", async () => {
    const target = await healthy();
    await patchByHand(kubernetes, target, { metadata: { labels: { 'app.kubernetes.io/instance': 'app' } } });
    expect((await planFor('set-resources', target, raise)).refusal).toBeUndefined();
  });

  test('a paused rollout and a template changed after it broke ask; the change that broke it does not', async () => {
    const target = await healthy();
    await patchByHand(kubernetes, target, containerPatch({ env: [{ name: 'LOG_LEVEL', value: 'debug' }] }));
    await untilRolledOut(kubernetes, target);
    expect((await planFor('set-resources', target, raise)).ask ?? '').not.toContain('after it broke');
    const early = { brokenSince: new Date(Date.now() - 3_600_000).toISOString() };
    expect((await planFor('set-resources', target, raise, early)).ask).toContain('changed its pod template');
    await patchByHand(kubernetes, target, { spec: { paused: true } });
    await until('the pause to be seen', async () => {
      const { generation, observedGeneration } = await readWorkload(kubernetes, target);
      return generation === observedGeneration;
    });
    expect((await planFor('set-resources', target, raise)).ask).toContain('its rollout is paused');
    expect((await planFor('rollout-undo', target, { to: 1 })).ask).toContain('its rollout is paused');
  });

  test('while an older revision serves and the new one fails, only going back does not ask for that', async () => {
    const target = await healthy();
    await patchByHand(kubernetes, target, containerPatch({ command: ['/nothing-there'] }));
    await until('the new pod to fail', async () => (await readWorkload(kubernetes, target)).status.updated === 1);
    const serving = 'ready pods of an older revision serve';
    expect((await planFor('set-resources', target, raise)).ask).toContain(serving);
    const back = await planFor('rollout-undo', target, {});
    expect(back.summary).toContain('1 of its pods are ready now');
    expect(back.ask ?? '').not.toContain(serving);
    expect(back.ask ?? '').not.toContain('ever healthy');
  });
});
