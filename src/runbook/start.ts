import { KintsugiError } from '../errors.ts';
import { suggest } from '../faults/closest.ts';
import { type Values, valuesOf } from './parameters.ts';
import type { RunbookSpec } from './schema.ts';

/** What a start says of a runbook: which of its procedures is meant, and values for its parameters. */
export interface Start {
  procedure?: string;
  params?: Values;
}

/**
 * The parameters' values, and the procedure that is meant: the one named, or the only one of a runbook that nothing else could
 * start. Throws `invalid` with everything that is wrong with the start.
 */
export function settleStart(
  runbook: string,
  spec: Pick<RunbookSpec, 'params' | 'procedures' | 'alerts' | 'causes'>,
  start: Start,
): { values: Values; procedure?: string } {
  const chosen = procedureOf(spec, start.procedure);
  const given = valuesOf(spec.params, start.params ?? {}, { complete: 'fault' in chosen || chosen.name !== null });
  const faults = ['fault' in chosen ? [chosen.fault] : [], 'faults' in given ? given.faults : []].flat();
  if ('values' in given && 'name' in chosen && faults.length === 0) {
    return { values: given.values, ...(chosen.name === null ? {} : { procedure: chosen.name }) };
  }
  throw new KintsugiError('invalid', `runbook ${runbook} cannot be started so: ${faults.join('; ')}`, {
    where: runbook,
    fix: `kintsugi runbook page ${runbook} shows its procedures and parameters`,
  });
}

type Chosen = { name: string | null } | { fault: string };

function procedureOf(
  { procedures, alerts }: Pick<RunbookSpec, 'procedures' | 'alerts'>,
  named: string | undefined,
): Chosen {
  const names = procedures.map(({ name }) => name);
  if (named !== undefined) {
    if (names.includes(named)) return { name: named };
    const fault = `it has no procedure "${named}"`;
    return { fault: names.length === 0 ? `${fault}, nor any other` : `${fault}; ${suggest(named, names)}` };
  }
  // What alerts start too is a recovery unless a procedure is named.
  if (alerts.trigger.length > 0) return { name: null };
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return { name: only };
  return { fault: `it has several procedures, and the start must name one: ${names.join(', ')}` };
}
