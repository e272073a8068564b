import { KintsugiError } from '../../../src/errors.ts';
import badRollout from './bad-rollout.ts';
import configuration from './configuration.ts';
import type { Fault, FaultContext } from './fault.ts';
import imageTag from './image-tag.ts';
import kosmosConfiguration from './kosmos-configuration.ts';
import kosmosDamagedState from './kosmos-damaged-state.ts';
import kosmosDeadlock from './kosmos-deadlock.ts';
import kosmosDegraded from './kosmos-degraded.ts';
import kosmosDependency from './kosmos-dependency.ts';
import kosmosMemory from './kosmos-memory.ts';
import kosmosMissingVariable from './kosmos-missing-variable.ts';
import kosmosStateLost from './kosmos-state-lost.ts';
import memory from './memory.ts';
import memoryTooMuch from './memory-too-much.ts';
import missingVariable from './missing-variable.ts';
import mongodb from './mongodb.ts';
import movedTag from './moved-tag.ts';
import ollama from './ollama.ts';
import permission from './permission.ts';
import permissionImage from './permission-image.ts';
import port from './port.ts';
import pullSecret from './pull-secret.ts';
import pullSecretType from './pull-secret-type.ts';
import redis from './redis.ts';
import slowHealth from './slow-health.ts';
import wrongPassword from './wrong-password.ts';
import wrongProbePath from './wrong-probe-path.ts';

/** Every fault by its name, the default first. */
export const FAULTS: ReadonlyMap<string, Fault> = new Map(
  [
    memory,
    redis,
    badRollout,
    configuration,
    missingVariable,
    memoryTooMuch,
    mongodb,
    ollama,
    wrongPassword,
    slowHealth,
    wrongProbePath,
    permission,
    permissionImage,
    port,
    imageTag,
    pullSecret,
    pullSecretType,
    movedTag,
    kosmosConfiguration,
    kosmosMissingVariable,
    kosmosMemory,
    kosmosDeadlock,
    kosmosDegraded,
    kosmosDamagedState,
    kosmosDependency,
    kosmosStateLost,
  ].map((fault) => [fault.name, fault]),
);

/**
 * Makes a fault by its name on a healthy workload.
 * @throws KintsugiError `invalid` for an unknown name, with the known ones
 */
export async function applyFault(name: string, context: FaultContext): Promise<Fault> {
  const fault = FAULTS.get(name);
  if (fault === undefined) {
    throw new KintsugiError('invalid', `there is no fault '${name}'`, {
      where: '--fault',
      fix: `Choose one of ${[...FAULTS.keys()].join(', ')}.`,
    });
  }
  await fault.apply(context);
  return fault;
}
