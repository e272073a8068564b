import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { runbookPage } from '../../src/runbook/page.ts';
import { runbookSchema } from '../../src/runbook/schema.ts';

/** Every text and number of plain data, keys left out. */
function leaves(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return [String(value)];
  return Object.values(value).flatMap(leaves);
}

test.each(['agent-bruno-pod-crash-loop', 'kosmos-agent-recovery', 'kosmos-restore-snapshot'])(
  'the page of %s has every value of it',
  (name) => {
    const file = join(import.meta.dirname, `../../runbooks/${name}.yaml`);
    const { metadata, spec } = runbookSchema.parse(parse(readFileSync(file, 'utf8')));
    const page = runbookPage(runbookSchema.parse({ apiVersion: 'kintsugi.dev/v1', kind: 'Runbook', metadata, spec }));
    const flat = page.replaceAll('\\"', '"').replaceAll("''", "'");
    const shownInWords = new Set(['true', 'false', 'none', 'escalate']);
    const values = [...leaves(metadata), ...leaves(spec)].filter((value) => !shownInWords.has(value));
    expect(values.filter((value) => !flat.includes(value))).toEqual([]);
  },
);

test('what a runbook leaves out makes no empty section', () => {
  const good = runbookSchema.parse(parse(readFileSync(join(import.meta.dirname, 'good.yaml'), 'utf8')));
  const page = runbookPage(good);
  expect(page).not.toContain('## Prevention');
  expect(page).not.toContain('## Rollback procedure');
  expect(page).toContain('`WebSlow{team="web"}`');
});
