import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

/** docs/safety.md promises places and tests: each of them must be there. */

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/safety.md'), 'utf8');
const rows = page.split('\n').filter((line) => /^\| (?:S|D)\d/.test(line));

/** A row's cells: number, rule, places, tests. */
function cellsOf(row: string): string[] {
  return row
    .slice(2, -2)
    .split(' | ')
    .map((cell) => cell.trim());
}

/** Each `path` of a cell, and the names of tests that follow it. */
function entriesOf(cell: string): { path: string; names: string[] }[] {
  return cell.split('<br>').map((entry) => {
    const [path = '', ...rest] = entry.split(': ');
    return { path: path.replaceAll('`', '').trim(), names: quoted(rest.join(': ')) };
  });
}

function quoted(text: string): string[] {
  return [...text.matchAll(/“([^”]+)”/g)].flatMap(([, name]) => name ?? []);
}

/** Whether a test file has a test, a table's case or a describe of exactly that name. */
function hasName(source: string, name: string): boolean {
  const plain = source.replaceAll("\\'", "'");
  return ["'", '"', '`'].some((quote) => plain.includes(`${quote}${name}${quote}`));
}

test('every rule of safety and of durability stands in the table once, or is named as coming later', () => {
  const table = rows.map((row) => cellsOf(row)[0]);
  const later = [...page.matchAll(/^- \*\*([SD]\d+)\*\*/gm)].flatMap(([, number]) => number ?? []);
  const all = [
    ...Array.from({ length: 27 }, (_, index) => `S${index + 1}`),
    ...Array.from({ length: 15 }, (_, index) => `D${index + 1}`),
  ];
  expect(new Set(table).size).toBe(table.length);
  expect(all.filter((number) => !table.includes(number) && !later.includes(number))).toEqual([]);
});

describe.each(rows.map((row) => [cellsOf(row)[0] ?? '', row]))('rule %s', (_number, row) => {
  const [, , places = '', tests = ''] = cellsOf(row);

  test('has its place', () => {
    const paths = entriesOf(places).map(({ path }) => path);
    expect(paths.filter((path) => path === '' || !existsSync(join(root, path)))).toEqual([]);
  });

  test('has its tests', () => {
    const entries = entriesOf(tests);
    const missing = entries.flatMap(({ path, names }) => {
      const file = join(root, path);
      if (!existsSync(file) || names.length === 0) return [path];
      const source = readFileSync(file, 'utf8');
      return names.filter((name) => !hasName(source, name)).map((name) => `${path}: ${name}`);
    });
    expect(missing).toEqual([]);
  });
});
