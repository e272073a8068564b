import type { Path } from './fault.ts';

/** Looking into plain data of unknown shape, as it comes from a file before its schema has passed. */

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What stands at a path, or undefined. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, step) => {
    if (typeof inner !== 'object' || inner === null) return undefined;
    return Object.entries(inner).find(([key]) => key === String(step))?.[1];
  }, value);
}

/** The map at a path; an empty one if there is none. */
export function recordAt(value: unknown, path: Path): Record<string, unknown> {
  const found = valueAt(value, path);
  return isRecord(found) ? found : {};
}

/** The items of the list at a path, each with its own path; none if there is no list. */
export function itemsAt(value: unknown, path: Path): { value: unknown; path: Path }[] {
  const found = valueAt(value, path);
  return Array.isArray(found) ? found.map((item: unknown, index) => ({ value: item, path: [...path, index] })) : [];
}
