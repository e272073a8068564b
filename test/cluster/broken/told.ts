import { expect } from '@jest/globals';
import type { Seen } from '../../../src/cli/diagnose/look.ts';
import type { Broken } from './workloads.ts';
import type { BrokenWorld } from './world.ts';

/** That the command tells a broken workload by the case's subject and container, and quotes why; returns all that it tells. */
export async function expectTold(world: BrokenWorld, broken: Broken): Promise<Seen['answer']> {
  const { answer } = await world.seen(broken);
  const [first] = answer.findings;
  expect(answer.healthy).toBe(false);
  if (broken.subject !== undefined) expect(first?.subject).toBe(broken.subject);
  if (broken.container !== undefined) expect(first?.container).toBe(broken.container);
  expect(first?.quotes.length).toBeGreaterThan(0);
  return answer;
}
