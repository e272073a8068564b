import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { HEALTHY, plan, pullSecret, secretPath, startWorld, type World } from './image-world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld();
  world.api.routes[secretPath('platform')] = pullSecret('platform');
  delete world.api.routes[secretPath('shop')];
});
afterEach(() => world.close());

const copy = (params: { name?: string } = {}) =>
  plan(world, 'copy-secret', { name: 'pull', from: { namespace: 'platform' }, ...params });

const wrong = (namespace: string, over: object) => pullSecret(namespace, over);

describe('copying a pull secret that is missing (safety 12)', () => {
  test('is planned by names, type and a keyed hash alone', async () => {
    const planned = await copy();
    expect(planned).toMatchObject({
      changes: [{ type: 'create', object: { kind: 'Secret', namespace: 'shop', name: 'pull' } }],
      undo: 'on-failure',
    });
    expect(planned.args).toEqual({
      from: { namespace: 'platform', name: 'pull', uid: 'uid-platform' },
      to: { namespace: 'shop', name: 'pull' },
      type: 'kubernetes.io/dockerconfigjson',
      hmac: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect([planned.refusal, planned.ask]).toEqual([undefined, undefined]);
  });

  test('lets the later actions of the remedy see the registry with it', async () => {
    const earlier = [await copy()];
    world.images[HEALTHY] = 'c0ffee';
    expect((await plan(world, 'set-image', {})).refusal?.code).toBe('not-pullable');
    expect((await plan(world, 'set-image', {}, { earlier })).refusal).toBeUndefined();
  });

  test.each<[string, (routes: World['api']['routes'], world: World) => void, string, string]>([
    ['it is there', (routes) => (routes[secretPath('shop')] = pullSecret('shop')), 'is-there', 'is there already'],
    [
      'one of another type is there',
      (routes) => (routes[secretPath('shop')] = wrong('shop', { type: 'Opaque' })),
      'wrong-type',
      'nothing is ever overwritten',
    ],
    [
      'there is none to copy',
      (routes) => delete routes[secretPath('platform')],
      'no-source',
      'no Secret platform/pull',
    ],
    [
      'the one to copy is of another type',
      (routes) => (routes[secretPath('platform')] = wrong('platform', { type: 'Opaque' })),
      'wrong-type',
      'is of type Opaque',
    ],
    [
      'the one to copy opens nothing',
      (routes) =>
        (routes[secretPath('platform')] = wrong('platform', {
          data: { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') },
        })),
      'does-not-open',
      'holds none for registry.invalid',
    ],
    [
      'the registry is away',
      (_routes, w) => (w.broken = (response) => response.socket?.destroy()),
      'does-not-open',
      'cannot be reached',
    ],
  ])('is refused where %s', async (_sentence, change, code, reason) => {
    change(world.api.routes, world);
    expect((await copy()).refusal).toEqual({ code, reason: expect.stringContaining(reason) });
  });

  test('that no pod names is refused', async () => {
    world.api.routes[secretPath('platform', 'other')] = pullSecret('platform');
    expect((await copy({ name: 'other' })).refusal?.code).toBe('not-named');
  });
});
