import { afterAll, beforeAll, jest } from '@jest/globals';
import { describeKosmosFault, KOSMOS_WORLD } from '../cluster/kosmos-recovery.ts';
import { type ObservedWorld, startObservedWorld } from '../cluster/observed-world.ts';
import { needs } from '../needs.ts';

needs('cluster', 'temporal');

jest.setTimeout(10 * 60_000);

/** In a world of its own: each agent is broken once a world, since a late repeat of its alert would open a recovery anew. */

let world: ObservedWorld;

beforeAll(async () => {
  world = await startObservedWorld('kosmos', KOSMOS_WORLD);
});

afterAll(() => world?.stop());

describeKosmosFault(() => world, {
  fault: 'kosmos-missing-variable',
  agent: 'zeus-orchestrator',
  trigger: 'KosmosAgentCrashLooping',
  cause: 'configuration-error',
  remedy: 'restore-variable',
  changes: [/^patch deployments zeus-orchestrator$/],
});
