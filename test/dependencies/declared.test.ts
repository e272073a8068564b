import { describe, expect, test } from '@jest/globals';
import { dependenciesOf } from '../../src/dependencies/declared.ts';
import type { Dependency } from '../../src/runbook/schema.ts';

/** Which of a runbook's dependencies are a workload's, where the runbook is for more than one. */

const runtime: Dependency = {
  name: 'runtime',
  type: 'http',
  env: 'RUNTIME_URL',
  namespace: 'kosmos',
  selector: 'agent=runtime',
};
const spec = {
  target: { namespace: 'kosmos', kinds: ['Deployment' as const] },
  dependencies: [runtime],
};
const workload = (agent: string, variable?: string) => ({
  namespace: 'kosmos',
  template: {
    metadata: { labels: { app: 'agents', agent } },
    spec: { containers: [{ name: 'agent', env: variable === undefined ? [] : [{ name: variable, value: 'x' }] }] },
  },
});
const names = (of: Parameters<typeof dependenciesOf>[1], by = spec) => dependenciesOf(by, of).map(({ name }) => name);

describe('a dependency of a runbook for any workload', () => {
  test('is that of a workload that has its variable', () => {
    expect(names(workload('zeus', 'RUNTIME_URL'))).toEqual(['runtime']);
  });

  test('is not that of a workload that does not ask it', () => {
    expect(names(workload('hermes'))).toEqual([]);
  });

  test('is never its own', () => {
    expect(names(workload('runtime', 'RUNTIME_URL'))).toEqual([]);
  });
});

test('a dependency of a runbook for one workload is that workload’s though its variable was taken away', () => {
  const named = { ...spec, target: { ...spec.target, name: 'zeus' } };
  expect(names(workload('zeus'), named)).toEqual(['runtime']);
});
