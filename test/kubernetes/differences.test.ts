import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { patchOperations } from '../../src/actions/write/patch.ts';
import { differences, sameValue } from '../../src/kubernetes/differences.ts';
import { atPointer, canonicalText, pointer, templateHash } from '../../src/kubernetes/template.ts';
import type { Json } from '../../src/recovery/values.ts';

const container = (env: Json[]): Json => ({ name: 'app', env, resources: { limits: { memory: '1Gi' } } });

describe('the differences of two templates', () => {
  test('an equal quantity in another spelling is none', () => {
    expect(differences({ limits: { memory: '1024Mi' } }, { limits: { memory: '1Gi' } })).toEqual([]);
    expect(differences({ value: '1024Mi' }, { value: '1Gi' })).toHaveLength(1);
  });

  test('a changed variable is one field, an added one at the end is one item', () => {
    const before = container([{ name: 'A', value: '1' }]);
    const after = container([
      { name: 'A', value: '2' },
      { name: 'B', value: '3' },
    ]);
    expect(differences(before, after, '/c')).toEqual([
      { path: '/c/env/0/value', before: '1', after: '2' },
      { path: '/c/env/1', before: undefined, after: { name: 'B', value: '3' } },
    ]);
  });

  test('a list whose items stand elsewhere is one difference', () => {
    const before = container([{ name: 'A' }, { name: 'B' }]);
    const after = container([{ name: 'B' }]);
    expect(differences(before, after)).toMatchObject([{ path: '/env' }]);
  });

  test('not there, null and empty are one', () => {
    expect(sameValue(undefined, {})).toBe(true);
    expect(sameValue(undefined, null)).toBe(true);
    expect(sameValue(undefined, '')).toBe(false);
    expect(sameValue(undefined, 0)).toBe(false);
  });

  test('keys with slashes and tildes are escaped in pointers', () => {
    const path = pointer('metadata', 'annotations', 'a/b~c');
    expect(path).toBe('/metadata/annotations/a~1b~0c');
    expect(atPointer({ metadata: { annotations: { 'a/b~c': 'x' } } }, path)).toBe('x');
    expect(atPointer({ metadata: {} }, '/metadata/toString')).toBeUndefined();
  });

  test('performed as a patch they lead from the one to the other, and reversed back again', () => {
    const named = fc.record({ name: fc.constantFrom('a', 'b', 'c'), value: fc.constantFrom('1', '2') });
    const document = fc.record(
      {
        env: fc.uniqueArray(named, { selector: ({ name }) => name, maxLength: 3 }),
        labels: fc.dictionary(fc.constantFrom('x', 'y', 'a/b'), fc.constantFrom('1', '2')),
        command: fc.array(fc.constantFrom('run', 'sleep'), { maxLength: 3 }),
      },
      { requiredKeys: [] },
    );
    let changed = 0;
    fc.assert(
      fc.property(document, document, (before, after) => {
        const from: Json = JSON.parse(JSON.stringify(before));
        const to: Json = JSON.parse(JSON.stringify(after));
        const found = differences(from, to);
        changed += found.length;
        const there = perform(
          from,
          found.map(({ path, after: value }) => ({ path, value })),
        );
        expect(sameValue(there, to)).toBe(true);
        const back = perform(
          there,
          found.map(({ path, before: value }) => ({ path, value })),
        );
        expect(sameValue(back, from)).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(changed).toBeGreaterThan(500);
  });
});

describe('the template hash', () => {
  const template = (annotations: Record<string, string>, labels: Record<string, string> = {}) => ({
    metadata: { annotations, labels: { app: 'x', ...labels } },
    spec: { containers: [{ name: 'app', image: 'a' }] },
  });

  test('does not see bookkeeping, and sees everything else', () => {
    const plain = templateHash(template({}));
    expect(templateHash(template({ 'kubectl.kubernetes.io/restartedAt': '2025-10-15T12:00:00Z' }))).toBe(plain);
    expect(templateHash(template({}, { 'pod-template-hash': 'abc' }))).toBe(plain);
    expect(templateHash(template({ 'prometheus.io/scrape': 'true' }))).not.toBe(plain);
    expect(canonicalText({ b: 1, a: [true, null] })).toBe('{"a":[true,null],"b":1}');
  });
});

/** RFC 6902 as the API server performs it. */
function perform(document: Json, assignments: { path: string; value: Json | undefined }[]): Json {
  const root: Json = JSON.parse(JSON.stringify({ root: document }));
  const rooted = assignments.map(({ path, value }) => ({ path: `/root${path}`, value }));
  for (const operation of patchOperations(root, rooted)) {
    const keys = operation.path
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop() ?? '';
    const parent = atPointer(root, pointer(...keys));
    if (Array.isArray(parent)) {
      const index = Number(last);
      if (operation.op === 'remove') parent.splice(index, 1);
      else if (operation.op === 'add') parent.splice(index, 0, operation.value);
      else parent[index] = operation.value;
    } else if (typeof parent === 'object' && parent !== null) {
      if (operation.op === 'remove') delete parent[last];
      else parent[last] = operation.value;
    }
  }
  return atPointer(root, '/root') ?? null;
}
