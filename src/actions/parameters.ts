import { z } from 'zod';
import { KintsugiError } from '../errors.ts';
import type { OrderedCall } from '../recovery/values.ts';
import { type Names, namesOf, resolveReferences, withNames } from '../runbook/references.ts';
import type { RunbookSpec } from '../runbook/schema.ts';
import type { Action } from './action.ts';
import { actionNames } from './names.ts';
import { actions } from './registry.ts';

/** One entry of a remedy's `actions`: `{set-resources: {container: $container, ...}}`. */
export type ActionCall = RunbookSpec['causes'][number]['remedies'][number]['actions'][number];

/** What `$name` may stand for. */
export type NameSource = Pick<RunbookSpec, 'target' | 'dependencies' | 'params'>;

/** An action with its parameters, checked by its own schema. */
export interface ResolvedCall {
  action: Action<unknown>;
  params: unknown;
}

const all: Readonly<Record<string, Action<unknown>>> = actions;

/** @throws KintsugiError `invalid` for a name that no action has */
export function actionNamed(name: string): Action<unknown> {
  const action = Object.hasOwn(all, name) ? all[name] : undefined;
  if (action !== undefined) return action;
  throw new KintsugiError('invalid', `there is no action '${name}'`, {
    where: name,
    fix: `Name one of: ${actionNames.join(', ')}.`,
  });
}

/**
 * A call's action and parameters: `$name` replaced (a runbook that was loaded has only those left that a recovery knows, which
 * are `live`), then parsed.
 * @throws KintsugiError `invalid` that names every fault
 */
export function resolveParameters(call: ActionCall, names: NameSource, live?: Names): ResolvedCall {
  const [[action, params] = ['', {}]] = Object.entries(call);
  return resolveCall({ action, params }, names, live);
}

/** The same for a call that a person ordered. @throws KintsugiError `invalid` that names every fault */
export function resolveCall(
  { action: name, params: raw }: OrderedCall,
  names: NameSource,
  live: Names = new Map(),
): ResolvedCall {
  const action = actionNamed(name);
  const unknown: string[] = [];
  const resolved = resolveReferences(raw, withNames(namesOf(names), live), (reference) =>
    unknown.push(`$${reference}`),
  );
  const parsed = action.params.safeParse(resolved);
  if (parsed.success && unknown.length === 0) return { action, params: parsed.data };
  const faults = [
    ...unknown.map((reference) => `${reference} stands for nothing`),
    ...(parsed.success ? [] : [z.prettifyError(parsed.error)]),
  ];
  throw new KintsugiError('invalid', `${name}: ${faults.join('; ')}`, {
    where: name,
    fix: 'Correct the parameters in the runbook; `kintsugi runbook validate` names each place.',
  });
}
