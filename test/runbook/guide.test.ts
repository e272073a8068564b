import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { formatFault, validateRunbook } from '../../src/runbook/validate.ts';

const guide = readFileSync(join(import.meta.dirname, '../../docs/writing-a-runbook.md'), 'utf8');

test('the runbook that the guide shows is one that runs', () => {
  const example = /```yaml\n((?:.|\n)*?)```/.exec(guide)?.[1] ?? '';
  expect(example).toContain('name: web-pod-crash-loop');
  expect(validateRunbook('runbooks/web-pod-crash-loop.yaml', example).map(formatFault)).toEqual([]);
});

test('the procedure that the guide shows is one that runs, in a runbook without alerts and causes', () => {
  const [, first = '', second = ''] = /```yaml\n((?:.|\n)*?)```(?:.|\n)*?```yaml\n((?:.|\n)*?)```/.exec(guide) ?? [];
  const runbook: { spec: Record<string, unknown> } = parse(first);
  const { alerts: _alerts, causes: _causes, ...spec } = runbook.spec;
  const shown: Record<string, unknown> = parse(second);
  expect(Object.keys(shown)).toEqual(['params', 'procedures']);
  const text = stringify({ ...runbook, spec: { ...spec, ...shown } });
  expect(validateRunbook('runbooks/web-pod-crash-loop.yaml', text).map(formatFault)).toEqual([]);
});

test('the points after a recovery that the guide shows are sound in its runbook', () => {
  const blocks = [...guide.matchAll(/```yaml\n((?:.|\n)*?)```/g)].map(([, block = '']) => block);
  const runbook: { spec: Record<string, unknown> } = parse(blocks[0] ?? '');
  const shown: Record<string, unknown> = parse(blocks.find((block) => block.startsWith('postRecovery:')) ?? '');
  expect(Object.keys(shown)).toEqual(['postRecovery']);
  const text = stringify({ ...runbook, spec: { ...runbook.spec, ...shown } });
  expect(validateRunbook('runbooks/web-pod-crash-loop.yaml', text).map(formatFault)).toEqual([]);
});
