import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { needs } from '../needs.ts';
import { BOUND_MS, type Paged, type PagingScene, startPagingScene, until } from '../workflows/paging-scene.ts';
import { beginAll, figures, isTaken, killNowAndThen, latenessOf, moody, seeded } from '../workflows/paging-storm.ts';
import { devServer, serverOfFile } from '../workflows/servers.ts';

needs('temporal', 'alone');

// Deadlines within a minute, in real time; then everything is closed.
jest.setTimeout(300_000);

const COUNT = 50;
/** After the last deadline the worker goes on dying for a while: pages, updates and questions are still under way. */
const AFTERWARDS_MS = 10_000;

const server = serverOfFile(devServer);
const seed = Number(process.env.KINTSUGI_TEST_SEED ?? Math.trunc(Math.random() * 2 ** 31));

describe(`50 recoveries at once whose one worker is killed at random moments (KINTSUGI_TEST_SEED=${seed})`, () => {
  let scene: PagingScene;
  let paged: Paged[];
  let well: Paged[];

  beforeAll(async () => {
    const random = seeded(seed);
    scene = await startPagingScene(server, moody(seeded(seed + 1)));
    await scene.worker.start();
    const begun = await beginAll(scene, COUNT, { from: 40, to: 60, random });
    paged = begun.filter(({ phase }) => phase !== 'well');
    well = begun.filter(({ phase }) => phase === 'well');
    const end = Math.max(...paged.map(({ deadline }) => deadline)) + AFTERWARDS_MS;
    const deaths = await killNowAndThen(scene.worker, random, () => Date.now() > end);
    await until(() => paged.every((each) => scene.deliveriesOf(each, 'trigger').some(isTaken)));
    const { heard, taken, upBefore } = latenessOf(scene, paged);
    process.stderr.write(
      `seed ${seed}: the worker died ${deaths} times; pages came after they were due: ${figures(heard)}; ` +
        `were taken: ${figures(taken)}; worker up from deadline to page: ${figures(upBefore)}\n`,
    );
  });

  afterAll(() => scene?.stop());

  test('each is paged, within the bound of its deadline or of the return of its worker', () => {
    expect(paged).toHaveLength(COUNT);
    expect(Math.max(...latenessOf(scene, paged).heard)).toBeLessThan(BOUND_MS);
  });

  test('each is paged under exactly one key, whose repeats are the same message letter by letter', async () => {
    for (const each of paged) {
      const sent = scene.deliveriesOf(each, 'trigger');
      expect(new Set(sent.map(({ text }) => text)).size).toBe(1);
      expect(new Set(sent.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
      const { recoveryId, key } = sent[0]?.message ?? {};
      expect(key).toBe(`${recoveryId}/1`);
    }
    const keys = paged.map((each) => scene.deliveriesOf(each, 'trigger')[0]?.message.key);
    expect(new Set(keys).size).toBe(COUNT);
  });

  test('each knows of its one page that it was taken', async () => {
    for (const each of paged) {
      await until(async () => {
        const { pages } = (await scene.read(each)).record;
        return pages.length === 1 && pages[0]?.rungs[0]?.tries.some(({ taken }) => taken) === true;
      });
    }
  });

  test('the ones that recover in time page nobody', async () => {
    for (const each of well) {
      await until(async () => (await scene.read(each)).record.recovered !== null);
      expect((await scene.read(each)).record.recovered?.by).toBe('remedy');
      expect(scene.deliveriesOf(each, 'trigger')).toEqual([]);
    }
  });

  test('each page is resolved under its key', async () => {
    await Promise.all(paged.map((each) => scene.close(each)));
    for (const each of paged) {
      const resolved = scene.deliveriesOf(each, 'resolve').filter(isTaken);
      expect(new Set(resolved.map(({ message }) => message.key))).toEqual(
        new Set([scene.deliveriesOf(each, 'trigger')[0]?.message.key]),
      );
      expect(resolved[0]?.message.reason).toBe('closed by ana');
    }
  });
});
