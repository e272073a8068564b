import { isRecord, itemsAt, recordAt } from '../faults/data.ts';
import type { Path } from '../faults/fault.ts';

/** What `$name` may stand for, by name: `container`, `redis.selector`, a parameter's name. */
export type Names = ReadonlyMap<string, unknown>;

/** A whole value that is a name: `$container`, `$redis.selector`. A `$` inside a text means nothing. */
const REFERENCE = /^\$([A-Za-z][\w-]*(?:\.[A-Za-z]\w*)?)$/;

/** The target's fields that have a name of their own. */
const TARGET_FIELDS = ['namespace', 'name', 'selector', 'container', 'service'];

/** The names that a runbook's raw `spec` gives its actions and checks: the target's fields, each dependency's, and the parameters. */
export function namesOf(spec: unknown): Names {
  const names = new Map<string, unknown>();
  for (const [name, value] of Object.entries(recordAt(spec, ['params']))) names.set(name, value);
  for (const { value: dependency } of itemsAt(spec, ['dependencies'])) {
    if (!isRecord(dependency) || typeof dependency.name !== 'string') continue;
    for (const [field, value] of Object.entries(dependency)) names.set(`${dependency.name}.${field}`, value);
  }
  const target = recordAt(spec, ['target']);
  for (const field of TARGET_FIELDS) if (target[field] !== undefined) names.set(field, target[field]);
  return names;
}

/** Plain data with every `$name` replaced; `onUnknown` is called with each name that stands for nothing and where it stands. */
export function resolveReferences(
  value: unknown,
  names: Names,
  onUnknown: (name: string, path: Path) => void,
  path: Path = [],
): unknown {
  if (typeof value === 'string') {
    const name = REFERENCE.exec(value)?.[1];
    if (name === undefined) return value;
    const found = names.get(name);
    if (found === undefined) onUnknown(name, path);
    return found ?? value;
  }
  if (Array.isArray(value))
    return value.map((item, index) => resolveReferences(item, names, onUnknown, [...path, index]));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, resolveReferences(item, names, onUnknown, [...path, key])]),
  );
}
