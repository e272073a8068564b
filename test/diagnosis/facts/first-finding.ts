import { expect } from '@jest/globals';
import { classify } from '../../../src/diagnosis/classify.ts';
import type { Evidence } from '../../../src/diagnosis/evidence.ts';
import { evidence } from '../evidence.ts';

export type Case = [sentence: string, seen: Partial<Evidence>, key: string, ...said: string[]];

/** A case of a table: what was seen, and the key and words of the finding that is told first. */
export function isToldFirst(_sentence: string, seen: Partial<Evidence>, key: string, ...said: string[]): void {
  const [first] = classify(evidence(seen));
  expect(first?.key).toBe(key);
  for (const text of said) expect(first?.summary).toContain(text);
  expect(first?.quotes.length).toBeGreaterThan(0);
}
