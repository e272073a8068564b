import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { buildKey } from '../../src/builds/build.ts';
import { isSettledBy } from '../../src/recovery/settled.ts';
import {
  BUILT,
  contextOf,
  HEALTHY,
  healthyBaseline,
  hook,
  plan,
  REPOSITORY,
  RUNNING,
  secretPath,
  startWorld,
  type World,
} from './image-world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

const set = (params: { to?: string } = {}, over: Parameters<typeof plan>[3] = {}) =>
  plan(world, 'set-image', params, over);

describe('pinning to the image that was healthy (safety 4)', () => {
  test('changes exactly the image, to the repository by its digest, and asks nobody where that brings back what was healthy', async () => {
    const planned = await set();
    expect(planned.refusal).toBeUndefined();
    expect(planned.ask).toBeUndefined();
    expect(planned.changes).toEqual([
      {
        type: 'field',
        object: expect.objectContaining({ kind: 'Deployment', name: 'app', uid: 'uid-app' }),
        path: '/spec/template/spec/containers/0/image',
        before: { value: `${REPOSITORY}:latest` },
        after: { value: `${REPOSITORY}@${HEALTHY}` },
      },
    ]);
  });

  test('does so while an older revision serves, and asks where more than the image differs from what was healthy', async () => {
    world.older = true;
    expect((await set()).ask).toBeUndefined();
    world.baseline = { ...healthyBaseline(world), templateHash: 'another' };
    expect((await set()).ask).toContain('serve while the new one fails');
  });

  test.each<[string, (world: World) => void, string, string]>([
    ['it was never seen healthy', (w) => (w.baseline = null), 'no-baseline', 'never seen healthy'],
    [
      'its healthy digest is not known',
      (w) => (w.baseline = healthyBaseline(w, { digest: '' })),
      'digest-unknown',
      'not known',
    ],
    [
      'what was healthy is another program',
      (w) => (w.baseline = healthyBaseline(w, { image: 'registry.invalid/team/other:1' })),
      'other-repository',
      'different repositories',
    ],
    ['it runs the healthy image', (w) => (w.running = HEALTHY), 'not-changed', 'something else is wrong'],
    [
      'the registry has it no more',
      (w) => delete w.images[HEALTHY],
      'image-gone',
      `has no digest ${HEALTHY.slice(0, 19)} of team/app; it has latest`,
    ],
    [
      'the pull secret is gone',
      (w) => delete w.api.routes[secretPath('shop')],
      'not-pullable',
      'its pull secret shop/pull does not exist',
    ],
    [
      'the registry has reached its limit',
      (w) => (w.broken = (response) => response.writeHead(429).end()),
      'not-pullable',
      'rate limit',
    ],
    [
      'the registry is away',
      (w) => (w.broken = (response) => response.socket?.destroy()),
      'not-pullable',
      'cannot be reached',
    ],
  ])('is refused where %s', async (_sentence, change, code, reason) => {
    change(world);
    expect((await set()).refusal).toEqual({ code, reason: expect.stringContaining(reason) });
  });

  test('is refused where it is pinned already', async () => {
    world.image = `${REPOSITORY}@${HEALTHY}`;
    expect((await set()).refusal?.code).toBe('no-difference');
  });
});

describe('pinning to a given digest', () => {
  test('asks where nothing shows that it was ever healthy', async () => {
    const planned = await set({ to: BUILT });
    expect(planned.refusal).toBeUndefined();
    expect(planned.ask).toContain('was ever healthy');
    expect((await set({ to: HEALTHY })).ask).toBeUndefined();
  });
});

describe('pinning to what the remedy builds', () => {
  const key = () =>
    buildKey({
      recoveryId: contextOf(world).recoveryId,
      hook: 'ci',
      commit: 'f00',
      container: 'app',
      replaces: RUNNING,
    });
  const build = async () => [await plan(world, 'rebuild-image', { hook: 'ci' })];
  const built = (digest: string) =>
    world.notes.set(key(), { hook: 'ci', image: REPOSITORY, commit: 'f00', startedAt: '2025-10-15T12:00:00Z', digest });

  beforeEach(() => {
    world.hooks = [hook([{ is: 'done', digest: BUILT }])];
  });

  test('says in words what is not known yet, and is settled by the digest alone once it is built', async () => {
    const earlier = await build();
    const before = await set({ to: 'built' }, { earlier });
    expect(before).toMatchObject({
      changes: [
        { before: { value: `${REPOSITORY}:latest` }, after: { later: expect.stringContaining('of commit f00 gives') } },
      ],
    });
    expect(before.refusal).toBeUndefined();
    built(BUILT);
    const after = await set({ to: 'built' }, { earlier });
    expect(after.changes).toMatchObject([{ after: { value: `${REPOSITORY}@${BUILT}` } }]);
    expect(isSettledBy(before, after)).toBe(true);
  });

  test.each<[string, string, (world: World) => void, string]>([
    ['is not in the registry', BUILT, (w) => delete w.images[BUILT], 'not-built'],
    ['is of another commit', BUILT, (w) => (w.images[BUILT] = 'bad'), 'other-commit'],
    ['names no commit', BUILT, (w) => (w.images[BUILT] = undefined), 'other-commit'],
  ])('is refused where what was built %s', async (_sentence, digest, change, code) => {
    const earlier = await build();
    built(digest);
    change(world);
    expect((await set({ to: 'built' }, { earlier })).refusal?.code).toBe(code);
  });

  test('is refused where the remedy builds nothing', async () => {
    expect((await set({ to: 'built' })).refusal?.code).toBe('no-build');
  });
});
