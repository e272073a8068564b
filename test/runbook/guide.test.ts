import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { formatFault, validateRunbook } from '../../src/runbook/validate.ts';

const guide = readFileSync(join(import.meta.dirname, '../../docs/writing-a-runbook.md'), 'utf8');

test('the runbook that the guide shows is one that runs', () => {
  const example = /```yaml\n((?:.|\n)*?)```/.exec(guide)?.[1] ?? '';
  expect(example).toContain('name: web-pod-crash-loop');
  expect(validateRunbook('runbooks/web-pod-crash-loop.yaml', example).map(formatFault)).toEqual([]);
});
