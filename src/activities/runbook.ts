import { type Configuration, modeFor } from '../configuration/configuration.ts';
import { KintsugiError } from '../errors.ts';
import type { Activities, LoadedRunbook } from '../recovery/activities.ts';
import { formatTarget } from '../recovery/ids.ts';
import type { Target } from '../recovery/values.ts';
import { loadRunbook } from '../runbook/load.ts';
import type { RunbookSpec } from '../runbook/schema.ts';
import { withFailures } from './failure.ts';

/** What loading needs: the folder of the runbooks, and where they may act by themselves. */
export type RunbookSettings = Pick<Configuration, 'runbooks' | 'auto' | 'mode'>;

/** The activity that reads a recovery's runbook, once, when it starts. */
export function createRunbookLoading(settings: RunbookSettings): Pick<Activities, 'loadRunbook'> {
  return { loadRunbook: withFailures(({ name, target }) => load(settings, name, target)) };
}

/**
 * The runbook with its digest and the worker's mode for it in the target's namespace. Throws `not-found` naming the known
 * runbooks, `invalid` with all its faults, or `refused` when the target is not the one that it declares (safety 2).
 */
async function load(settings: RunbookSettings, name: string, target: Target | null): Promise<LoadedRunbook> {
  const { digest, runbook } = await loadRunbook(settings.runbooks, name);
  const { metadata, spec } = runbook;
  if (target !== null && target.kind !== 'Pod') requireDeclared(name, spec.target, target);
  const namespace = target?.namespace ?? spec.target.namespace;
  const workerMode = modeFor(settings, namespace, name);
  return { name, version: metadata.version, digest, runbook: { metadata, spec }, workerMode };
}

function requireDeclared(name: string, declared: RunbookSpec['target'], target: Target): void {
  const kinds: string[] = declared.kinds;
  const wrong = [
    target.namespace === declared.namespace ? null : `its namespace is ${declared.namespace}, not ${target.namespace}`,
    kinds.includes(target.kind) ? null : `its kind is ${kinds.join(' or ')}, not ${target.kind}`,
    declared.name === undefined || declared.name === target.name
      ? null
      : `its name is ${declared.name}, not ${target.name}`,
  ].filter((fault) => fault !== null);
  if (wrong.length === 0) return;
  throw new KintsugiError('refused', `the runbook ${name} is for another workload: ${wrong.join('; ')}`, {
    where: formatTarget(target),
    fix: 'start it on its own target, or correct spec.target in the runbook',
  });
}
