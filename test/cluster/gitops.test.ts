import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import type { Kustomization } from '../../src/kubernetes/flux.ts';
import type { ObjectRef } from '../../src/recovery/values.ts';
import { needs } from '../needs.ts';
import { alertOf, type ChaosWorld, order, sendAlert, startChaosWorld, templateOf, untilRecord } from './chaos-world.ts';
import { crashingApp, untilOutOfMemory } from './crashing-app.ts';
import { type FluxWorld, startFluxWorld } from './flux-world.ts';
import { until } from './until.ts';

needs('cluster', 'temporal', 'flux');

const HOLD = 'kustomize.toolkit.fluxcd.io/reconcile';

/** Safety 11, with the real kustomize-controller: what a Kustomization owns is mended and stays mended. */
describe('a Deployment that a Kustomization owns, killed for its memory', () => {
  let world: ChaosWorld<'committed' | 'undone'>;
  let flux: FluxWorld;

  beforeAll(async () => {
    world = await startChaosWorld({ committed: { hold: '2h' }, undone: { hold: '2h' } });
    flux = await startFluxWorld(world.cluster);
  }, 300_000);

  afterAll(async () => {
    await flux?.stop();
    await world?.stop();
  }, 60_000);

  test('is held, mended, not reverted, and released when the patch that was told stands in Git', async () => {
    const scene = world.scenes.committed;
    const { kustomization, tree } = await broken('committed');
    await sendAlert(world, alertOf(scene));

    const { record } = await untilRecord(world, scene, ({ recovered }) => recovered !== null);
    expect(record.attempts.map(({ remedy, stage }) => ({ remedy, stage }))).toEqual([
      { remedy: 'raise-memory', stage: 'verified' },
    ]);
    expect(await annotations('committed')).toHaveProperty([HOLD], 'disabled');
    await flux.reconcile(kustomization);
    expect(await limit('committed')).toBe('128Mi');
    await untilRecord(world, scene, ({ mitigation }) => mitigation?.git === 'differs');

    const patch = record.mitigation?.patch ?? '';
    await flux.artifacts.publish(source('committed'), {
      ...tree,
      'kustomization.yaml': `resources: [app.yaml]\n${patch}\n`,
    });
    const { record: ended, events } = await untilRecord(
      world,
      scene,
      ({ recovered, mitigation }) => recovered !== null && mitigation === undefined,
    );
    expect(await annotations('committed')).not.toHaveProperty([HOLD]);
    expect(await limit('committed')).toBe('128Mi');
    expect(ended.episode.number).toBe(1);
    const results = events.flatMap((event) => (event.kind === 'verified' ? [event.result] : []));
    expect(results).toEqual(['pass', 'pass']);
    const [released] = events.filter(({ kind }) => kind === 'undo-started');
    await until('the owner to have reconciled once', async () => {
      const { status } = await flux.read<Kustomization>(kustomization);
      return status?.lastHandledReconcileAt === `${record.recoveryId}#${released?.seq}`;
    });
    await flux.reconcile(kustomization);
    expect(await limit('committed')).toBe('128Mi');
    await order(world, scene, 'close');
  }, 300_000);

  test('that is undone by order is as Git has it, and no hold is left', async () => {
    const scene = world.scenes.undone;
    const { kustomization } = await broken('undone');
    await sendAlert(world, alertOf(scene));
    await untilRecord(world, scene, ({ recovered }) => recovered !== null);

    await order(world, scene, 'undo');
    const { record } = await untilRecord(world, scene, ({ attempts }) => attempts[0]?.stage === 'undone');
    expect(record.mitigation).toBeUndefined();
    expect(await annotations('undone')).not.toHaveProperty([HOLD]);
    expect(await limit('undone')).toBe('40Mi');
    await flux.reconcile(kustomization);
    expect(await limit('undone')).toBe('40Mi');
    await order(world, scene, 'close');
  }, 300_000);

  /** The Deployment as Git has it, applied by the controller and killed. */
  async function broken(
    name: 'committed' | 'undone',
  ): Promise<{ kustomization: ObjectRef; tree: Record<string, string> }> {
    const { namespace } = world.scenes[name];
    const manifest = { apiVersion: 'apps/v1', kind: 'Deployment', ...crashingApp(namespace) };
    const tree = { 'app.yaml': stringify(manifest) };
    const kustomization = await flux.kustomize(namespace, 'apps', tree);
    await untilOutOfMemory(world.kubernetes, namespace, 'app');
    return { kustomization, tree };
  }

  function source(name: 'committed' | 'undone') {
    return { namespace: world.scenes[name].namespace, name: 'apps' };
  }

  async function annotations(name: 'committed' | 'undone'): Promise<Record<string, string>> {
    const { namespace, target } = world.scenes[name];
    const { metadata } = await world.kubernetes.apps.readNamespacedDeployment({ namespace, name: target.name });
    return metadata?.annotations ?? {};
  }

  async function limit(name: 'committed' | 'undone'): Promise<string | undefined> {
    return (await templateOf(world, world.scenes[name]))?.spec?.containers[0]?.resources?.limits?.memory;
  }
});
