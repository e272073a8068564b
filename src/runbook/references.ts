import { isRecord, itemsAt, recordAt } from '../faults/data.ts';
import type { Path } from '../faults/fault.ts';
import type { Target } from '../recovery/values.ts';
import { exampleOf } from './parameters.ts';
import { parameterTypes } from './schema/declarations.ts';

/**
 * What `$name` may stand for, by name: `container`, `redis.selector`, a parameter's name. Undefined where it is known and has
 * no value: a parameter that nobody gave.
 */
export type Names = ReadonlyMap<string, unknown>;

/** A whole value that is a name: `$container`, `$redis.selector`. A `$` inside a text means nothing. */
const REFERENCE = /^\$([A-Za-z][\w-]*(?:\.[A-Za-z]\w*)?)$/;

/** The target's fields that have a name of their own. */
export const TARGET_FIELDS = ['namespace', 'name', 'selector', 'container', 'service'] as const;

/** The names that a runbook's raw `spec` gives its actions and checks: the target's fields, each dependency's, and the parameters. */
export function namesOf(spec: unknown): Names {
  const names = new Map<string, unknown>();
  for (const [name, value] of Object.entries(recordAt(spec, ['params']))) {
    names.set(name, isRecord(value) ? value.default : value);
  }
  for (const { value: dependency } of itemsAt(spec, ['dependencies'])) {
    if (!isRecord(dependency) || typeof dependency.name !== 'string') continue;
    for (const [field, value] of Object.entries(dependency)) names.set(`${dependency.name}.${field}`, value);
  }
  const target = recordAt(spec, ['target']);
  for (const field of TARGET_FIELDS) if (target[field] !== undefined) names.set(field, target[field]);
  return names;
}

/**
 * What the target's names stand for in one recovery, where the runbook itself leaves them open: it may be for every workload
 * that a selector finds, whose container is then the one that the finding is about.
 */
export function liveNames({ target, container }: { target: Target; container: string | undefined }): Names {
  return new Map<string, unknown>([
    ['name', target.name],
    ['container', container],
  ]);
}

/** Values in place of those that only a start or a recovery gives: what a runbook is checked with when it is read. */
export function exampleNames(spec: unknown): Names {
  const names = new Map<string, unknown>([
    ['name', 'example'],
    ['container', 'example'],
  ]);
  for (const [name, value] of Object.entries(recordAt(spec, ['params']))) {
    const type = parameterTypes.find((known) => isRecord(value) && value.type === known);
    if (isRecord(value)) names.set(name, exampleOf({ type: type ?? 'string', required: false }));
  }
  return names;
}

/**
 * Plain data with every `$name` replaced. A name without a value leaves its member out, so that an action sees a parameter that
 * nobody gave as not written. `onUnknown` is called with each name that stands for nothing and where it stands; it stays.
 */
export function resolveReferences(
  value: unknown,
  names: Names,
  onUnknown: (name: string, path: Path) => void,
  path: Path = [],
): unknown {
  if (typeof value === 'string') {
    const name = REFERENCE.exec(value)?.[1];
    if (name === undefined) return value;
    if (names.has(name)) return names.get(name);
    onUnknown(name, path);
    return value;
  }
  if (Array.isArray(value))
    return value
      .map((item, index) => resolveReferences(item, names, onUnknown, [...path, index]))
      .filter((item) => item !== undefined);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    resolveReferences(item, names, onUnknown, [...path, key]),
  ]);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

/** The names of the first, and of the second those that the first does not know or gives no value. */
export function withNames(first: Names, second: Names): Names {
  const names = new Map(first);
  for (const [name, value] of second) if (!names.has(name) || names.get(name) === undefined) names.set(name, value);
  return names;
}
