import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { RUNBOOKS } from '../../dev/world/runbooks.ts';
import { loadRunbook } from '../../src/runbook/load.ts';
import { anyOfNames, filledQuery } from '../../src/runbook/post-recovery.ts';
import { needs, provided } from '../needs.ts';

needs('promtool');

/** What the runbook's queries answer on series as they are scraped in either way: of two pods of the agent, and one of another. */

const folder = mkdtempSync(join(tmpdir(), 'kintsugi-queries-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PODS = ['zeus-1', 'zeus-2'];
const names = new Map([
  ['namespace', 'kosmos'],
  ['pods', anyOfNames(PODS)],
]);

const { runbook } = await loadRunbook(RUNBOOKS, 'kosmos-agent-recovery');
const point = runbook.spec.postRecovery?.points.find(({ id }) => id === 'metrics');
const queries = point?.id === 'metrics' ? point.queries : [];

/** The series of one scrape every 15 s for 10 min: `values` of the first pod, of the second, and of another agent's. */
function series(name: string, values: string[], { honored = true, more = '' } = {}) {
  return [...PODS, 'hermes-0'].map((pod, index) => {
    const own = honored
      ? `namespace="kosmos", pod="${pod}"`
      : `namespace="monitoring", pod="ksm-0", exported_namespace="kosmos", exported_pod="${pod}"`;
    return { series: `${name}{${own}${more}}`, values: values[index] ?? '' };
  });
}

/** Values of the queries by name, after 10 min. */
function expected(values: Record<string, number>) {
  return Object.entries(values).map(([name, value]) => {
    const query = queries.find((one) => one.name === name)?.query ?? '';
    return { expr: filledQuery(query, names), eval_time: '10m', exp_samples: [{ labels: '{}', value }] };
  });
}

test.each([
  ['honored labels', true],
  ["the exporter's own labels before them", false],
])('the queries of KOSMOS agents after a recovery answer of the pods meant, with %s', (_, honored) => {
  const ready = series('kube_pod_status_ready', ['1x41', '0x41', '1x41'], { honored, more: ', condition="true"' });
  const restarts = series('kube_pod_container_status_restarts_total', ['4x41', '0x30 1x11', '0+1x41'], {
    honored,
    more: ', container="zeus"',
  });
  const file = join(folder, `queries-${honored}.yaml`);
  const content = {
    rule_files: [],
    evaluation_interval: '15s',
    tests: [
      {
        interval: '15s',
        input_series: [
          ...ready,
          ...restarts,
          ...series('kosmos_agent_conversations', ['3x41', '4x41', '9x41']),
          ...series('process_resident_memory_bytes', ['104857600x41', '52428800x41', '999999999x41']),
        ],
        promql_expr_test: [
          ...expected({ 'ready pods': 1, conversations: 7, 'memory in MiB': 100 }),
          // Prometheus extrapolates: one restart within the 5 min is a little more than one.
          ...expected({ 'restarts in the last 5 min': 1 }).map((one) => ({ ...one, expr: `floor(${one.expr})` })),
        ],
      },
    ],
  };
  writeFileSync(file, stringify(content));
  expect(execFileSync(provided('promtool'), ['test', 'rules', file], { encoding: 'utf8' })).toContain('SUCCESS');
});

test('every one of them is PromQL', () => {
  const rules = queries.map(({ query }, index) => ({ record: `a:query_${index}`, expr: filledQuery(query, names) }));
  const file = join(folder, 'rules.yaml');
  writeFileSync(file, stringify({ groups: [{ name: 'queries', rules }] }));
  const said = execFileSync(provided('promtool'), ['check', 'rules', file], { encoding: 'utf8' });
  expect(said).toContain(`${queries.length} rules found`);
  expect(queries.length).toBeGreaterThan(0);
});
