import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { untilRecord } from '../cluster/chaos-world.ts';
import {
  callsToPeople,
  type ProcedureScene,
  readyPods,
  startApproved,
  startProcedureScene,
} from '../cluster/procedure-scene.ts';
import { needs } from '../needs.ts';

needs('cluster', 'temporal');

// What does not come up is waited for as long as the verification's window allows.
jest.setTimeout(240_000);

let own: ProcedureScene;

beforeAll(async () => {
  own = await startProcedureScene();
}, 240_000);

afterAll(() => own?.world.stop(), 60_000);

test('a procedure that does not verify is undone, ends with the reason, and the workload is as before', async () => {
  const { world, scene } = own;
  const before = await readyPods(own);
  await startApproved(own, 'stop');
  const { record } = await untilRecord(world, scene, ({ closed }) => closed !== null);
  expect(record.closed).toMatchObject({
    outcome: 'not-done',
    why: expect.stringMatching(/did not verify .* everything was undone/),
    standing: [],
  });
  expect(record.attempts).toMatchObject([{ remedy: 'stop', stage: 'undone' }]);
  expect(await readyPods(own)).toBe(before);
  expect(callsToPeople(own)).toEqual([]);
});
