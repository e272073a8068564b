import { needs, provided } from '../needs.ts';

needs('cluster');

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { BROKEN } from '../cluster/broken/cases.ts';
import { expectTold } from '../cluster/broken/told.ts';
import { type BrokenWorld, breakAll } from '../cluster/broken/world.ts';

/** Every broken workload of the table, as `kintsugi diagnose` sees it on a real cluster. */

const kubernetes = connectKubernetes({ kubeconfig: provided('cluster') });
let world: BrokenWorld;

beforeAll(async () => {
  world = await breakAll(kubernetes, BROKEN);
}, 300_000);

afterAll(async () => {
  await world.end();
});

test.each(BROKEN)(
  '$name is $cause',
  async (broken) => {
    const answer = await expectTold(world, broken);
    expect(answer.checklist.length).toBeGreaterThan(0);
    expect(answer.plans).toEqual([]);
  },
  120_000,
);
