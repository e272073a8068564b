import { readFileSync } from 'node:fs';
import type { Need } from '../../test/needs.ts';

/** What a test file needs, as its `needs('cluster', 'temporal')` says. */
export function needsOf(file: string): Need[] {
  const call = /^needs\(([^)]*)\)/m.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
  return [...call.matchAll(/'([a-z]+)'/g)].map(([, name]) => name as Need);
}
