import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { anyOfNames, filledQuery, namesInQuery } from '../../src/runbook/post-recovery.ts';
import { validateRunbook } from '../../src/runbook/validate.ts';
import { catalogue } from './catalogue.ts';

const good = readFileSync(join(import.meta.dirname, 'good.yaml'), 'utf8');

/** The good runbook with these lines below `postRecovery`. */
function faultsOf(points: string, edit: (text: string) => string = (text) => text): string[] {
  const text = edit(good).replace('  escalation:\n', `  postRecovery: { points: [${points}] }\n  escalation:\n`);
  return validateRunbook('runbooks/good.yaml', text, catalogue).map(({ path, message }) => `${path}: ${message}`);
}

const metrics = (query: string, more = '') =>
  `{ id: metrics, text: m, queries: [{ name: q, query: '${query}'${more} }] }`;

describe('the points after a recovery', () => {
  const all = `{ id: function, text: f }, ${metrics('up{pod=~"$pods"}')}, { id: logs, text: l }, { id: root-cause, text: r }, { id: runbook, text: u }, { id: post-mortem, text: p }`;

  test('are sound with every id', () => {
    expect(faultsOf(all)).toEqual([]);
  });

  const wrong: [string, string, RegExp][] = [
    ['an unknown id', '{ id: metric, text: m }', /postRecovery.points\[0\]/],
    ['a point twice', '{ id: logs, text: a }, { id: logs, text: b }', /"logs" is there already/],
    ['metrics without queries', '{ id: metrics, text: m }', /queries/],
    [
      'a name that stands for nothing',
      metrics('up{pod=~"$pod"}'),
      /points\[0\].queries\[0\].query: \$pod stands for nothing in a query/,
    ],
    ['bounds that nothing meets', metrics('up', ', min: 2, max: 1'), /no value is at least 2 and at most 1/],
    [
      'a check without its parameter',
      '{ id: function, text: f, checks: [http] }',
      /points\[0\].checks\[0\].path: "path" is missing/,
    ],
    ['an unknown check', '{ id: function, text: f, checks: [{ htp: { path: /x } }] }', /unknown key "htp"/],
  ];
  test.each(wrong)('are refused with %s', (_, points, fault) => {
    expect(faultsOf(points)).toEqual([expect.stringMatching(fault)]);
  });

  test('ask nothing where neither the point nor the verification has a check over HTTP', () => {
    const without = (text: string) => text.replace('http: { path: /health }, ', '');
    expect(faultsOf('{ id: function, text: f }', without)).toEqual([
      expect.stringMatching(/there is nothing to ask the target/),
    ]);
  });
});

describe('a query', () => {
  test('has its names filled in, and everything else as it is written', () => {
    const names = new Map([
      ['name', 'zeus'],
      ['namespace', 'kosmos'],
    ]);
    expect(
      filledQuery('a{n="$namespace", p=~"$name-.*", q=~"x$"} / label_replace(b, "c", "$1", "d", "(.*)")', names),
    ).toBe('a{n="kosmos", p=~"zeus-.*", q=~"x$"} / label_replace(b, "c", "$1", "d", "(.*)")');
  });

  test('is not broken out of by a value', () => {
    expect(filledQuery('a{b="$x"}', new Map([['x', '"} or vector(1) #\\']]))).toBe('a{b="\\"} or vector(1) #\\\\"}');
  });

  test('names what it mentions', () => {
    expect(namesInQuery('a{b="$name", c=~"$", d="$pods", e="$1"}')).toEqual(['name', 'pods']);
  });

  test('meets exactly the pods of an expression', () => {
    expect(anyOfNames(['a-1', 'b.c-2'])).toBe('a-1|b[.]c-2');
  });
});
