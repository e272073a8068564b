import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';

/** Runs something as the worker would run an activity: with a context that takes heartbeats. Returns what it returned. */
export async function inActivity<Result>(
  activity: () => Promise<Result>,
  environment: MockActivityEnvironment = quietEnvironment(),
): Promise<Result> {
  return new Promise((resolve, reject) => {
    environment.run(async () => resolve(await activity())).catch(reject);
  });
}

/** An activity's surroundings without the worker's warnings about what fails on purpose. */
export function quietEnvironment(): MockActivityEnvironment {
  return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
}
