import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { HelmRelease } from '../../src/kubernetes/flux.ts';
import {
  alertOf,
  type ChaosWorld,
  order,
  sendAlert,
  startChaosWorld,
  templateOf,
  untilRecord,
} from '../cluster/chaos-world.ts';
import { crashingApp, untilOutOfMemory } from '../cluster/crashing-app.ts';
import { type FluxWorld, isReady, startFluxWorld } from '../cluster/flux-world.ts';
import { until } from '../cluster/until.ts';
import { needs } from '../needs.ts';

needs('cluster', 'temporal', 'flux');

const HELM_HOLD = 'helm.toolkit.fluxcd.io/driftDetection';

describe('holds with the real controllers (safety 11)', () => {
  let world: ChaosWorld<'release' | 'expiring'>;
  let flux: FluxWorld;

  beforeAll(async () => {
    world = await startChaosWorld({ release: { hold: '2h' }, expiring: { hold: '40s' } });
    flux = await startFluxWorld(world.cluster);
  }, 300_000);

  afterAll(async () => {
    await flux?.stop();
    await world?.stop();
  }, 60_000);

  test('a Deployment of a HelmRelease with drift detection is held, mended, and released when the chart has the change', async () => {
    const scene = world.scenes.release;
    const { namespace } = scene;
    const release = await flux.release(namespace, 'app', appChart(namespace), { driftDetection: { mode: 'enabled' } });
    await untilOutOfMemory(world.kubernetes, namespace, 'app');
    await until('the release to be ready', async () => isReady(await flux.read<HelmRelease>(release)));
    await sendAlert(world, alertOf(scene));

    const { record } = await untilRecord(world, scene, ({ recovered }) => recovered !== null);
    expect(record.attempts.map(({ stage }) => stage)).toEqual(['verified']);
    expect(record.mitigation?.patch).toContain('postRenderers');
    await flux.reconcile(release);
    expect(await limit('release')).toBe('128Mi');
    expect(await annotations('release')).toHaveProperty([HELM_HOLD], 'disabled');

    await flux.artifacts.publish({ namespace, name: 'app' }, appChart(namespace, true), '0.2.0');
    const { record: ended } = await untilRecord(
      world,
      scene,
      ({ recovered, mitigation }) => recovered !== null && mitigation === undefined,
    );
    expect(ended.episode.number).toBe(1);
    expect(await annotations('release')).not.toHaveProperty([HELM_HOLD]);
    await flux.reconcile(release);
    expect(await limit('release')).toBe('128Mi');
    await order(world, scene, 'close');
  }, 400_000);

  test('a hold that Git does not follow pages a person and is released after, and what breaks then is a new episode', async () => {
    const scene = world.scenes.expiring;
    const { namespace } = scene;
    await flux.kustomize(namespace, 'apps', { 'app.yaml': stringify(manifest(namespace)) });
    await untilOutOfMemory(world.kubernetes, namespace, 'app');
    await sendAlert(world, alertOf(scene));
    await untilRecord(world, scene, ({ recovered }) => recovered !== null);

    const { record, events } = await untilRecord(world, scene, ({ episode }) => episode.number === 2);
    const kinds = events.map(({ kind }) => kind);
    expect(kinds.indexOf('page-sent')).toBeGreaterThan(-1);
    expect(kinds.indexOf('page-sent')).toBeLessThan(kinds.indexOf('undo-started'));
    expect(record.pages[0]).toMatchObject({ about: 'hold' });
    const [page] = world.pages.pages.filter(({ idempotencyKey }) => idempotencyKey.includes(record.recoveryId));
    expect(JSON.stringify(page?.body)).toContain('128Mi');
    expect(await limit('expiring')).toBe('40Mi');
    await order(world, scene, 'close');
  }, 400_000);

  async function annotations(name: 'release' | 'expiring'): Promise<Record<string, string>> {
    const { namespace, target } = world.scenes[name];
    const { metadata } = await world.kubernetes.apps.readNamespacedDeployment({ namespace, name: target.name });
    return metadata?.annotations ?? {};
  }

  async function limit(name: 'release' | 'expiring'): Promise<string | undefined> {
    return (await templateOf(world, world.scenes[name]))?.spec?.containers[0]?.resources?.limits?.memory;
  }
});

function manifest(namespace: string, mended = false): object {
  const body = crashingApp(namespace);
  const [container] = body.spec?.template.spec?.containers ?? [];
  if (mended && container !== undefined)
    container.resources = { requests: { memory: '64Mi', cpu: '1m' }, limits: { memory: '128Mi', cpu: '500m' } };
  return { apiVersion: 'apps/v1', kind: 'Deployment', ...body };
}

function appChart(namespace: string, mended = false): Record<string, string> {
  return {
    'Chart.yaml': stringify({ apiVersion: 'v2', name: 'app', version: mended ? '0.2.0' : '0.1.0' }),
    'templates/app.yaml': stringify(manifest(namespace, mended)),
  };
}
