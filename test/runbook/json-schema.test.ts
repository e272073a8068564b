import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { knownCatalogue } from '../../src/runbook/catalogue.ts';
import { runbookJsonSchema } from '../../src/runbook/json-schema.ts';
import { formatFault, validateRunbook } from '../../src/runbook/validate.ts';

const file = join(import.meta.dirname, '../../runbooks/agent-bruno-pod-crash-loop.yaml');
const text = readFileSync(file, 'utf8');

test('the runbook of agent-bruno has no fault by the schemas of the real actions and checks', () => {
  expect(validateRunbook(file, text).map(formatFault)).toEqual([]);
});

test('its documents are addresses, or marked as lying outside this repository', () => {
  const {
    spec,
  }: {
    spec: {
      links: { url: string; external?: boolean }[];
      causes: { seeAlso?: { url: string; external?: boolean }[] }[];
    };
  } = parse(text);
  const links = [...spec.links, ...spec.causes.flatMap(({ seeAlso = [] }) => seeAlso)];
  expect(links).toHaveLength(8);
  expect(links.filter(({ url, external }) => !/^https:\/\//.test(url) && external !== true)).toEqual([]);
});

describe('the JSON Schema for editors', () => {
  // Read back by zod, which knows the draft: a schema that accepts anything would pass the first test alone.
  const schema = z.fromJSONSchema(JSON.parse(JSON.stringify(runbookJsonSchema(knownCatalogue))));

  test('accepts the runbook of agent-bruno as it is written', () => {
    expect(schema.safeParse(parse(text)).error?.issues ?? []).toEqual([]);
  });

  const mistakes: [string, string, string][] = [
    ['an unknown key', 'symptom:', 'symtom:'],
    ['an unknown cause', 'cause: oom-killed', 'cause: oom-kiled'],
    ['an unknown action', 'delete-pod: {', 'delete-pods: {'],
    ['an unknown parameter', '{ of: redis }', '{ off: redis }'],
    ['an unknown check', '- restarts-stable', '- restart-stable'],
    ['a wrong level', 'level: severe', 'level: grave'],
  ];
  for (const [name, from, to] of mistakes) {
    test(`refuses ${name}`, () => {
      expect(text).toContain(from);
      expect(schema.safeParse(parse(text.replace(from, to))).success).toBe(false);
    });
  }
});
