import { z } from 'zod';
import { suggest } from '../faults/closest.ts';
import { isRecord } from '../faults/data.ts';
import type { Json } from '../recovery/values.ts';
import type { Declaration } from './schema/declarations.ts';
import { duration, quantity } from './schema/scalars.ts';
import type { Parameter, RunbookSpec } from './schema.ts';

/** A runbook's parameters (`spec.params`): what each may be, and the values with which it is started. */

type Type = Declaration['type'] | 'list';

/** The values of a runbook's parameters by name. */
export type Values = { [name: string]: Json };

const TYPES: Readonly<Record<Type, { schema: z.ZodType; like: string; example: Json }>> = {
  string: { schema: z.string().min(1), like: 'a text', example: 'example' },
  boolean: { schema: z.boolean(), like: 'true or false', example: true },
  number: { schema: z.number(), like: 'a number', example: 1 },
  quantity: { schema: quantity, like: 'a quantity like 512Mi', example: '1Gi' },
  duration: { schema: duration, like: 'a duration like 90s or 15m', example: '10m' },
  time: {
    schema: z.iso.datetime({ offset: true }),
    like: 'a time like 2026-01-31T03:15:00Z',
    example: '2026-01-31T03:15:00Z',
  },
  list: { schema: z.array(z.json()), like: 'a list', example: [] },
};

/** Whether a parameter is declared with its type; else it is its default alone. */
export function isDeclared(parameter: Parameter): parameter is Declaration {
  return isRecord(parameter);
}

/** What values a parameter takes; one that is only a default takes others of the same type. */
export function typeOf(parameter: Parameter): Type {
  if (isDeclared(parameter)) return parameter.type;
  if (typeof parameter === 'boolean') return 'boolean';
  if (typeof parameter === 'number') return 'number';
  return typeof parameter === 'string' ? 'string' : 'list';
}

/** What a parameter is where nobody gives it a value; undefined where it has no default. */
export function defaultOf(parameter: Parameter): Json | undefined {
  return isDeclared(parameter) ? parameter.default : parameter;
}

/** Any value of the parameter's type: what a runbook is checked with while its real value is not known. */
export function exampleOf(parameter: Parameter): Json {
  return defaultOf(parameter) ?? TYPES[typeOf(parameter)].example;
}

/** What is wrong with a value of that type, in a few words; null if nothing is. */
export function wrongType(type: Type, value: unknown): string | null {
  const { schema, like } = TYPES[type];
  return schema.safeParse(value).success ? null : `${JSON.stringify(value)} is not ${like}`;
}

/**
 * The values with which a runbook is started: those given, and the defaults of the others; or everything that is wrong. Where no
 * procedure is started (`complete: false`), nothing has to be given.
 */
export function valuesOf(
  declared: RunbookSpec['params'],
  given: Values,
  { complete }: { complete: boolean },
): { values: Values } | { faults: string[] } {
  const faults = Object.keys(given)
    .filter((name) => !Object.hasOwn(declared, name))
    .map((name) => `there is no parameter "${name}"; ${suggest(name, Object.keys(declared))}`);
  const values: Values = {};
  for (const [name, parameter] of Object.entries(declared)) {
    const value = Object.hasOwn(given, name) ? given[name] : defaultOf(parameter);
    if (value === undefined) {
      if (complete && isDeclared(parameter) && parameter.required)
        faults.push(`parameter "${name}" is missing: ${about(parameter)}`);
      continue;
    }
    const wrong = wrongType(typeOf(parameter), value);
    if (wrong === null) values[name] = value;
    else faults.push(`parameter "${name}": ${wrong}`);
  }
  return faults.length === 0 ? { values } : { faults };
}

function about(parameter: Declaration): string {
  return parameter.text ?? TYPES[parameter.type].like;
}

/**
 * A value that was typed as text, as a value of the parameter's type; what cannot be one stays the text, and is refused with
 * the other faults of the start.
 */
export function valueFromText(parameter: Parameter | undefined, text: string): Json {
  const type = parameter === undefined ? 'string' : typeOf(parameter);
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  if (type === 'number') return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
  return type === 'list' ? text.split(',') : text;
}
