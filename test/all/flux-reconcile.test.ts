import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { ActionContext, ApplyOutcome } from '../../src/actions/action.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import type { HelmRelease } from '../../src/kubernetes/flux.ts';
import type { ObjectRef, Plan } from '../../src/recovery/values.ts';
import { contextFor, planned, runbookFor } from '../actions/action-context.ts';
import { type FluxWorld, isReady, startFluxWorld } from '../cluster/flux-world.ts';
import { createNamespace, deleteNamespace } from '../cluster/namespace.ts';
import { until } from '../cluster/until.ts';
import { idleImage, patchByHand, statefulSet } from '../cluster/workloads.ts';
import { needs, provided } from '../needs.ts';

needs('cluster', 'flux');

describe('a dependency in a real HelmRelease (safety 10)', () => {
  let kubernetes: Kubernetes;
  let flux: FluxWorld;
  let namespace: string;
  let image: string;

  beforeAll(async () => {
    kubernetes = connectKubernetes({ kubeconfig: provided('cluster') });
    namespace = await createNamespace(kubernetes, 'gitops');
    image = await idleImage(kubernetes);
    flux = await startFluxWorld(namespace, ['helm-controller']);
  }, 300_000);

  afterAll(async () => {
    await flux?.stop();
    await deleteNamespace(kubernetes, namespace);
  }, 60_000);

  test('that is suspended, or failing, is named with its reason', async () => {
    const release = await installed('named');
    await flux.patch(release, { spec: { suspend: true } });
    expect((await plan('named')).refusal).toMatchObject({ code: 'suspended' });
    await flux.patch(release, {
      spec: { suspend: false, values: { broken: true }, upgrade: { remediation: { retries: 0 } } },
    });
    await until('the upgrade to fail', async () => {
      const { status } = await flux.read<HelmRelease>(release);
      return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'False') ?? false;
    });
    const { refusal } = await plan('named');
    expect(refusal?.code).toBe('failing');
    expect(refusal?.reason).toContain('UpgradeFailed');
  }, 180_000);

  test('is reconciled: what drift detection finds missing is back, and its controller has answered the request', async () => {
    const release = await installed('reconciled', { driftDetection: { mode: 'enabled' } });
    await kubernetes.apps.deleteNamespacedStatefulSet({ namespace, name: 'reconciled' });
    await until('it to go', async () => (await store('reconciled')) === null);
    const recorded = await plan('reconciled');
    expect(recorded.refusal).toBeUndefined();
    expect(await apply(recorded)).toBe('applied');
    expect(await store('reconciled')).not.toBeNull();
    const { status, metadata } = await flux.read<HelmRelease>(release);
    expect(status?.lastHandledReconcileAt).toBe(metadata.annotations?.['reconcile.fluxcd.io/requestedAt']);
    // Applied again by the same step, it is waited for and written no more.
    expect(await apply(recorded)).toBe('applied');
    expect((await flux.read<HelmRelease>(release)).metadata.annotations).toEqual(metadata.annotations);
  }, 180_000);

  test('is forced by itself where what is deployed is what is wanted, and asks where its values stand elsewhere', async () => {
    const release = await installed('forced');
    expect((await plan('forced')).refusal).toMatchObject({ code: 'up-to-date' });
    expect((await plan('forced', true)).refusal).toMatchObject({ code: 'nothing-missing' });
    await patchByHand(kubernetes, { namespace, kind: 'StatefulSet', name: 'forced' }, { spec: { replicas: 0 } });
    const recorded = await plan('forced', true);
    expect(recorded).not.toHaveProperty('refusal');
    expect(recorded).not.toHaveProperty('ask');
    expect(await apply(recorded)).toBe('applied');
    expect((await store('forced'))?.spec?.replicas).toBe(1);
    expect((await flux.read<HelmRelease>(release)).status?.history).toHaveLength(2);

    await flux.patch(release, { spec: { valuesFrom: [{ kind: 'ConfigMap', name: 'elsewhere', optional: true }] } });
    await until('it to be ready with them', async () => {
      const { metadata, status } = await flux.read<HelmRelease>(release);
      return status?.observedGeneration === metadata.generation;
    });
    await patchByHand(kubernetes, { namespace, kind: 'StatefulSet', name: 'forced' }, { spec: { replicas: 0 } });
    const asked = await plan('forced', true);
    expect(asked.ask).toContain('takes values from elsewhere');
    expect(asked.ask).toContain('it serves');
  }, 180_000);

  async function installed(name: string, spec: Parameters<FluxWorld['release']>[3] = {}): Promise<ObjectRef> {
    const release = await flux.release(namespace, name, chart(name), spec);
    await until(`${name} to be installed`, async () => isReady(await flux.read<HelmRelease>(release)));
    return release;
  }

  /** A StatefulSet whose data is on a claim; `broken` adds an object that the API server refuses. */
  function chart(name: string): Record<string, string> {
    const body = statefulSet(namespace, image);
    const labels = { app: name };
    const manifest = {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name, labels },
      spec: {
        ...body.spec,
        selector: { matchLabels: labels },
        template: { ...body.spec?.template, metadata: { labels } },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '8Mi' } } },
          },
        ],
      },
    };
    const wrong = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: `${name}-broken` },
      spec: { ports: [{ port: 0 }] },
    };
    return {
      'Chart.yaml': stringify({ apiVersion: 'v2', name: 'store', version: '0.1.0' }),
      'values.yaml': 'broken: false\n',
      'templates/store.yaml': stringify(manifest),
      'templates/broken.yaml': `{{ if .Values.broken }}\n${stringify(wrong)}{{ end }}\n`,
    };
  }

  function context(name: string): ActionContext {
    const target = { namespace, kind: 'Deployment', name: 'app' };
    const dependency = { name, type: 'redis' as const, namespace, selector: `app=${name}`, helmRelease: name };
    return contextFor(kubernetes, target, { runbook: runbookFor(target, [dependency]) });
  }

  function plan(name: string, force = false): Promise<Plan> {
    return planned(context(name), 'flux-reconcile', { of: name, timeout: '60s', ...(force ? { force } : {}) });
  }

  function apply(recorded: Plan): Promise<ApplyOutcome> {
    return actionNamed('flux-reconcile').apply(context('any'), recorded);
  }

  async function store(name: string) {
    const list = await kubernetes.apps.listNamespacedStatefulSet({ namespace });
    return list.items.find(({ metadata }) => metadata?.name === name) ?? null;
  }
});
