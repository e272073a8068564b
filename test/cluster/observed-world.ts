import { randomBytes } from 'node:crypto';
import { placeOf } from '../../dev/workloads/faults/fault.ts';
import { type Namespaces, namespacesWithSuffix } from '../../dev/workloads/namespaces.ts';
import { AGENT_BRUNO, HERMES, RUNTIME, ZEUS } from '../../dev/workloads/targets.ts';
import { waitForBaseline } from '../../dev/world/baseline.ts';
import { type Observer, observe } from '../../dev/world/recovery.ts';
import { startWorld, type World, type WorldOptions } from '../../dev/world/world.ts';
import { closeEarlier } from './recovery-story.ts';

/** What may be broken in each workload. */
const TARGETS = { 'agent-bruno': [AGENT_BRUNO], kosmos: [RUNTIME, HERMES, ZEUS] };

/** A healthy world of its own namespaces, and the one who reads its recoveries. */
export interface ObservedWorld {
  world: World;
  observer: Observer;
  namespaces: Namespaces;
  stop(): Promise<void>;
}

/**
 * Starts a world in namespaces that end in `<name>-<random>` and returns once Kintsugi has seen its workloads healthy and no recovery
 * of its start is open.
 * @param options as of {@link startWorld}; a function of the namespaces where they are needed in it
 */
export async function startObservedWorld(
  name: string,
  options: Partial<WorldOptions> | ((namespaces: Namespaces) => Partial<WorldOptions>) = {},
): Promise<ObservedWorld> {
  const namespaces = namespacesWithSuffix(`${name}-${randomBytes(3).toString('hex')}`);
  const own = typeof options === 'function' ? options(namespaces) : options;
  const world = await startWorld({ progress: () => undefined, ...own, namespaces });
  try {
    return { world, namespaces, ...(await observeHealthy(world, own)) };
  } catch (thrown) {
    await world.stop();
    throw thrown;
  }
}

async function observeHealthy(
  world: World,
  own: Partial<WorldOptions>,
): Promise<Pick<ObservedWorld, 'observer' | 'stop'>> {
  const observer = await observe(world.temporal.address);
  const broken = (own.workloads ?? ['agent-bruno']).flatMap((workload) => TARGETS[workload]);
  for (const one of broken) {
    const target = { kind: one.kind, ...placeOf({ namespaces: world.namespaces }, one) };
    await waitForBaseline(world.kubernetes, 'kintsugi', target, AbortSignal.timeout(400_000));
    await closeEarlier(world, observer, target);
  }
  const stop = async () => {
    await observer.close();
    await world.stop();
  };
  return { observer, stop };
}
