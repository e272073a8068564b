import { afterEach, expect, jest, test } from '@jest/globals';
import { needs } from '../needs.ts';
import type { Reception } from './paging-receiver.ts';
import { type PagingScene, startPagingScene, until } from './paging-scene.ts';
import { devServer, serverOfFile } from './servers.ts';

needs('temporal');

// Deadlines of seconds, in real time.
jest.setTimeout(120_000);

const server = serverOfFile(devServer);

let scene: PagingScene;
afterEach(() => scene?.stop());

/** A scene whose worker polls; `receive` says what becomes of a message's `nth` delivery. */
async function started(receive: (nth: number) => Reception = () => 'taken', slots?: number): Promise<PagingScene> {
  scene = await startPagingScene(server, (_message, nth) => receive(nth), slots);
  await scene.worker.start();
  return scene;
}

test('a page comes at its deadline though every slot of the worker is held by steps that never answer', async () => {
  const { begin, deliveriesOf, read } = await started(undefined, 3);
  const hanging = await Promise.all(Array.from({ length: 3 }, () => begin('diagnosing', 600)));
  for (const each of hanging) await until(async () => (await read(each)).record.inFlight.target?.step === 'diagnose');
  const paged = await begin('diagnosing', 5);
  await until(() => deliveriesOf(paged, 'trigger').length > 0);
  for (const each of hanging) expect((await read(each)).record.inFlight.target?.step).toBe('diagnose');
});

test('a page whose worker dies again and again while it is sent is sent at every return, as the same message', async () => {
  const { begin, worker, deliveriesOf, read } = await started((nth) => (nth < 4 ? 'hung' : 'taken'));
  const paged = await begin('diagnosing', 5);
  const sent = () => deliveriesOf(paged, 'trigger');
  for (let death = 1; death <= 4; death += 1) {
    await until(() => sent().length >= death);
    await worker.kill();
    await worker.start();
  }
  await until(() => sent().at(-1)?.reception === 'taken');
  expect(new Set(sent().map(({ text }) => text)).size).toBe(1);
  await until(async () => ((await read(paged)).record.pages[0]?.rungs[0]?.tries.length ?? 0) > 0);
  // One try: that its worker died is no refusal, after which it would have waited half a minute.
  const tries = [expect.objectContaining({ notifier: 'webhook', taken: true })];
  expect((await read(paged)).record.pages).toMatchObject([{ key: sent()[0]?.message.key, rungs: [{ tries }] }]);
});

test('a start that waited beyond its deadline for a worker pages at the worker’s return, before any look', async () => {
  scene = await startPagingScene(server, () => 'taken');
  const { begin, worker, deliveriesOf, read } = scene;
  const paged = await begin('diagnosing', 3);
  await until(() => Date.now() > paged.deadline);
  await worker.start();
  await until(() => deliveriesOf(paged, 'trigger').length > 0);
  const { events } = await read(paged);
  const timeOf = (kind: string) => events.find((event) => event.kind === kind)?.at;
  const question = events.find((event) => event.kind === 'step-started' && event.step === 'read-silences');
  expect(question?.at).toBe(timeOf('opened'));
  expect(timeOf('rung-due')).toBe(timeOf('silences-read'));
});
