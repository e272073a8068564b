import { type Configuration, modeFor } from '../configuration/configuration.ts';
import { KintsugiError } from '../errors.ts';
import type { Activities, LoadedRunbook, LoadInput } from '../recovery/activities.ts';
import { formatTarget } from '../recovery/ids.ts';
import type { Target } from '../recovery/values.ts';
import { catalogueOf } from '../runbook/catalogue.ts';
import { loadStartedRunbook } from '../runbook/load.ts';
import type { RunbookSpec } from '../runbook/schema.ts';
import { withFailures } from './failure.ts';

/** What loading needs: the runbooks, what they may name, where they may act by themselves, and by which keys orders are verified. */
export type RunbookSettings = Pick<Configuration, 'runbooks' | 'auto' | 'mode' | 'notifiers'> &
  Partial<Pick<Configuration, 'orderPublicKeys'>>;

/** The activity that reads a recovery's runbook, once, when it starts. */
export function createRunbookLoading(settings: RunbookSettings): Pick<Activities, 'loadRunbook'> {
  return { loadRunbook: withFailures((input) => load(settings, input)) };
}

/**
 * The runbook with its digest and the worker's mode for it in the target's namespace; its parameters have their values. Throws
 * `not-found` naming the known runbooks, `invalid` with all its faults or the start's, or `refused` when the target is not the
 * one that it declares (safety 2), or an alert starts what only people may.
 */
async function load(settings: RunbookSettings, input: LoadInput): Promise<LoadedRunbook> {
  const { name, target, procedure: named, params = {}, startedBy } = input;
  const start = { params, ...(named === undefined ? {} : { procedure: named }) };
  const { digest, runbook, procedure } = await loadStartedRunbook(
    settings.runbooks,
    name,
    start,
    catalogueOf(settings),
  );
  const { metadata, spec } = runbook;
  if (procedure !== undefined) requirePersonAndTarget(name, procedure, { startedBy, target, declared: spec.target });
  if (target !== null && target.kind !== 'Pod') requireDeclared(name, spec.target, target);
  const namespace = target?.namespace ?? spec.target.namespace;
  const workerMode = modeFor(settings, namespace, name);
  const { orderPublicKeys: orderKeys = [] } = settings;
  const keys = orderKeys.length === 0 ? {} : { orderKeys };
  const loaded = { name, version: metadata.version, digest, runbook: { metadata, spec }, workerMode, ...keys };
  return procedure === undefined ? loaded : { ...loaded, procedure };
}

function requirePersonAndTarget(
  name: string,
  procedure: string,
  { startedBy, target, declared }: Pick<LoadInput, 'startedBy' | 'target'> & { declared: RunbookSpec['target'] },
): void {
  const where = `runbook ${name}, procedure ${procedure}`;
  if (startedBy === 'alert') {
    const fix = `a person starts it: kintsugi run ${name} TARGET --procedure ${procedure}`;
    throw new KintsugiError('refused', `an alert cannot start procedure ${procedure} of runbook ${name}`, {
      where,
      fix,
    });
  }
  const isOne = declared.name !== undefined && declared.kinds.length === 1;
  if (target !== null || isOne) return;
  throw new KintsugiError('invalid', `procedure ${procedure} of runbook ${name} was started without a target`, {
    where,
    fix: `name the workload: {"target": "${declared.namespace}/${declared.kinds[0]?.toLowerCase()}/NAME"}`,
  });
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
