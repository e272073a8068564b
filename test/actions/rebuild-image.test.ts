import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { actionNamed } from '../../src/actions/parameters.ts';
import { comparePlans } from '../../src/actions/plan/compare.ts';
import { KintsugiError } from '../../src/errors.ts';
import { BUILT, contextOf, hook, plan, REPOSITORY, RUNNING, startWorld, type World } from './image-world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld();
  world.hooks = [
    hook([
      { is: 'running', saw: 'queued' },
      { is: 'done', digest: BUILT },
    ]),
  ];
});
afterEach(() => world.close());

const rebuild = (params: { hook?: string; commit?: string } = {}) =>
  plan(world, 'rebuild-image', { hook: 'ci', ...params });
const action = actionNamed('rebuild-image');

describe('rebuilding an image (safety 12)', () => {
  test('is planned from the commit that the running image names, by the hook, waiting for its time', async () => {
    const planned = await rebuild();
    expect(planned).toMatchObject({
      changes: [{ type: 'effect', what: `builds ${REPOSITORY} from commit f00` }],
      args: { hook: 'ci', container: 'app', image: REPOSITORY, commit: 'f00' },
      waitSeconds: 120,
    });
    expect([planned.refusal, planned.ask]).toEqual([undefined, undefined]);
  });

  test('is the same plan when it is made again, so that a retry goes on with the same build', async () => {
    expect(comparePlans(await rebuild(), await rebuild(), false).is).toBe('same');
    expect((await rebuild()).args).toEqual((await rebuild()).args);
  });

  test('from another commit asks, with both in the question', async () => {
    expect((await rebuild({ commit: 'beef' })).ask).toBe(
      'it would be built from commit beef, and the running image is of f00',
    );
    world.images[RUNNING] = undefined;
    expect((await rebuild({ commit: 'beef' })).ask).toContain('an unknown one');
  });

  test.each<[string, (world: World) => void, string, string]>([
    ['no hook is configured', (w) => (w.hooks = []), 'no-hook', 'none is configured'],
    ['no pod tells what runs', (w) => (w.running = null), 'digest-unknown', 'which digest'],
    [
      'the running image names no commit',
      (w) => (w.images[RUNNING] = undefined),
      'commit-unknown',
      'org.opencontainers.image.revision',
    ],
    [
      'its configuration cannot be read',
      (w) => (w.broken = (response) => response.writeHead(502).end()),
      'commit-unknown',
      'answers 502',
    ],
    ['an older revision serves', (w) => (w.older = true), 'older-serves', 'going back to it is safer'],
  ])('is refused where %s, so that the next remedy has its turn', async (_sentence, change, code, reason) => {
    change(world);
    expect((await rebuild()).refusal).toEqual({ code, reason: expect.stringContaining(reason) });
  });

  test('waits for the digest and notes it', async () => {
    const planned = await rebuild();
    expect(await action.apply(contextOf(world), planned)).toBe('applied');
    expect([...world.notes.values()]).toMatchObject([{ commit: 'f00', digest: BUILT, handle: expect.any(String) }]);
  });

  test('is begun once, however often the step is tried and whoever takes it over', async () => {
    const counted = hook([
      { is: 'running', saw: 'queued' },
      { is: 'done', digest: BUILT },
    ]);
    world.hooks = [counted];
    const planned = await rebuild();
    const given = new AbortController();
    const dying = contextOf(world, {
      signal: given.signal,
      heartbeat: (detail) => detail.includes('queued') && given.abort(),
    });
    await expect(action.apply(dying, planned)).rejects.toThrow();
    expect(await action.apply(contextOf(world), planned)).toBe('applied');
    expect(await action.apply(contextOf(world), planned)).toBe('applied');
    expect(counted.starts).toBe(1);
  });

  test.each<[string, Parameters<typeof hook>, object]>([
    [
      'failed',
      [[{ is: 'failed', saw: 'the CI system says: failed' }]],
      { code: 'refused', message: expect.stringContaining('the CI system says: failed') },
    ],
    [
      'hangs',
      [[{ is: 'running', saw: 'queued' }], 0.05],
      { code: 'timeout', message: expect.stringContaining('not done after 0.05 s: queued') },
    ],
  ])('that %s is a failure for good', async (_sentence, [states, seconds], expected) => {
    world.hooks = [hook(states, seconds)];
    const planned = await rebuild();
    await expect(action.apply(contextOf(world), planned)).rejects.toMatchObject({ ...expected, retryable: false });
    expect([...world.notes.values()].every(({ digest }) => digest === undefined)).toBe(true);
  });

  test('whose status is away for a while is asked again, and given up only at its time', async () => {
    const away = new KintsugiError('unavailable', 'away', { where: 'ci', fix: 'wait' });
    const answers: (KintsugiError | 'done')[] = [away, away, 'done'];
    const flaky = hook([]);
    flaky.look = async () => {
      const next = answers.length > 1 ? answers.shift() : answers[0];
      if (next instanceof KintsugiError) throw next;
      return { is: 'done', digest: BUILT };
    };
    world.hooks = [flaky];
    expect(await action.apply(contextOf(world), await rebuild())).toBe('applied');
    flaky.look = async () => Promise.reject(away);
    flaky.timeoutSeconds = 0.05;
    world.notes.clear();
    await expect(action.apply(contextOf(world), await rebuild())).rejects.toMatchObject({ retryable: false });
  });

  test('whose hook is gone from the configuration is refused', async () => {
    const planned = await rebuild();
    world.hooks = [];
    await expect(action.apply(contextOf(world), planned)).rejects.toMatchObject({ code: 'refused' });
  });
});
