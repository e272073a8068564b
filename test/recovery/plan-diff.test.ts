import { expect, test } from '@jest/globals';
import { planDiff } from '../../src/recovery/plan-diff.ts';
import type { Change, Value } from '../../src/recovery/values.ts';

const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'bruno', name: 'agent-bruno' };
const secret: Value = {
  secret: {
    from: { apiVersion: 'v1', kind: 'Secret', namespace: 'bruno', name: 'mongo' },
    path: '/data/uri',
    hmac: 'abc123',
  },
};
const field = (path: string, before: Value, after: Value): Change => ({
  type: 'field',
  object: deployment,
  path,
  before,
  after,
});

test('a plan is shown as a diff: before and after of each field, what is made and deleted, what no object shows', () => {
  const changes: Change[] = [
    field('/spec/replicas', { value: 2 }, { value: 0 }),
    field('/metadata/labels/a', { absent: true }, { value: 'b' }),
    field('/spec/paused', { value: true }, { absent: true }),
    field('/spec/image', { value: 'a:1' }, { later: 'the digest that was built' }),
    { type: 'create', object: { apiVersion: 'v1', kind: 'Pod', namespace: 'bruno', name: 'debug' } },
    { type: 'delete', object: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'bruno', name: 'data' } },
    { type: 'exec', object: deployment, container: 'app', what: 'import the state' },
    { type: 'effect', what: 'no pod mounts claim data' },
  ];
  expect(planDiff({ changes })).toEqual([
    'Deployment bruno/agent-bruno',
    '- /spec/replicas: 2',
    '+ /spec/replicas: 0',
    '+ /metadata/labels/a: "b"',
    '- /spec/paused: true',
    '- /spec/image: "a:1"',
    '+ /spec/image: (the digest that was built)',
    '+ Pod bruno/debug',
    '- PersistentVolumeClaim bruno/data',
    '! in container app of Deployment bruno/agent-bruno: import the state',
    '! no pod mounts claim data',
  ]);
});

test('a secret is shown by where it stands, never by its value or its hash', () => {
  const lines = planDiff({ changes: [field('/spec/env', secret, { value: 'plain' })] });
  expect(lines[1]).toBe('- /spec/env: (a value of Secret bruno/mongo that is not shown)');
  expect(lines.join()).not.toContain('abc123');
});

test('a long diff, and a long value, is cut and says so', () => {
  const changes = Array.from({ length: 30 }, (_, index) =>
    field(`/spec/${index}`, { value: 1 }, { value: 'x'.repeat(300) }),
  );
  const lines = planDiff({ changes });
  expect(lines).toHaveLength(41);
  expect(lines.at(-1)).toBe('… and 21 lines more');
  expect(lines[2]).toBe(`+ /spec/0: "${'x'.repeat(199)}…`);
});
