import { describe, expect, test } from '@jest/globals';
import { actionNames } from '../../src/actions/names.ts';
import { resolveParameters } from '../../src/actions/parameters.ts';
import { comparePlans } from '../../src/actions/plan/compare.ts';
import { raise } from '../../src/actions/plan/raise.ts';
import { actions } from '../../src/actions/registry.ts';
import { lastTemplateChange } from '../../src/actions/rules/rollout.ts';
import type { FieldChange } from '../../src/actions/write/fields.ts';
import { readGuard, readRecipe } from '../../src/actions/write/guard.ts';
import { createSecrets, isValue, toValue } from '../../src/actions/write/secrets.ts';
import { toWorkload } from '../../src/kubernetes/workloads.ts';
import type { Change, Plan } from '../../src/recovery/values.ts';

describe('a raise is max(written, factor x current), at most the cap, and strictly more (safety 8)', () => {
  const written = { request: '512Mi', limit: '2Gi', factor: 1.5, cap: '4Gi' };
  test.each([
    ['the written values', { limit: '1Gi', request: '256Mi' }, written, { limits: '2Gi', requests: '512Mi' }],
    ['the factor, where it gives more', { limit: '2Gi', request: '512Mi' }, written, { limits: '3Gi' }],
    ['the cap, where both give more', { limit: '3Gi', request: '1Gi' }, written, { limits: '4Gi' }],
    ['nothing at the cap', { limit: '4Gi', request: '1Gi' }, written, {}],
    ['nothing above the cap', { limit: '8Gi', request: '1Gi' }, written, {}],
    ['nothing where the written limit would lower it', { limit: '4Gi' }, { limit: '2Gi' }, {}],
    ['nothing for the same value in another spelling', { limit: '2048Mi' }, { limit: '2Gi' }, {}],
    ['nothing without a limit', {}, written, {}],
    ['a request that is not lowered', { limit: '1Gi', request: '768Mi' }, written, { limits: '2Gi' }],
    [
      'a request that stays under the limit',
      { limit: '64Mi' },
      { limit: '96Mi', request: '1Gi' },
      { limits: '96Mi', requests: '96Mi' },
    ],
  ])('%s', (_, current, wanted, expected) => {
    expect(raise('memory', current, wanted)).toEqual(expected);
  });
});

describe('a plan made again (safety 14)', () => {
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'bruno', name: 'agent-bruno', uid: 'u' };
  const field = (path: string, before: string, after: string): FieldChange => ({
    type: 'field',
    object,
    path,
    before: { value: before },
    after: { value: after },
  });
  const plan = (changes: Change[], over: Partial<Plan> = {}): Plan => ({
    action: 'set-resources',
    summary: 'raise',
    risk: 'low',
    undo: 'on-failure',
    changes,
    args: {},
    waitSeconds: 0,
    ...over,
  });
  const limit = field('/spec/template/spec/containers/0/resources/limits/memory', '1Gi', '2Gi');
  const restart = (at: string) =>
    field('/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt', 'x', at);

  test.each<[string, Plan, Plan, boolean, string]>([
    ['is the same when its changes are', plan([limit]), plan([limit]), false, 'same'],
    ['is the same when only the time of a restart differs', plan([restart('1')]), plan([restart('2')]), false, 'same'],
    [
      'is different when it would change from another value',
      plan([limit]),
      plan([{ ...limit, before: { value: '3Gi' } }]),
      true,
      'different',
    ],
    ['has a new reason to ask', plan([limit]), plan([limit], { ask: 'paused' }), false, 'different'],
    [
      'has a reason that was asked and approved',
      plan([limit], { ask: 'paused' }),
      plan([limit], { ask: 'paused' }),
      true,
      'same',
    ],
    [
      'has a reason that was asked and not approved',
      plan([limit], { ask: 'paused' }),
      plan([limit], { ask: 'paused' }),
      false,
      'different',
    ],
    [
      'has one more reason than was approved',
      plan([limit], { ask: 'a' }),
      plan([limit], { ask: 'a; b' }),
      true,
      'different',
    ],
    ['has nothing left to do', plan([limit]), plan([]), false, 'done'],
    [
      'finds what it wanted come about',
      plan([limit]),
      plan([], { refusal: { code: 'none-unready', reason: 'r' } }),
      false,
      'done',
    ],
    ['is refused now', plan([limit]), plan([limit], { refusal: { code: 'at-cap', reason: 'r' } }), true, 'refused'],
  ])('%s', (_, recorded, fresh, approved, expected) => {
    expect(comparePlans(recorded, fresh, approved).is).toBe(expected);
  });
});

describe('parameters', () => {
  const names = {
    target: { namespace: 'bruno', kinds: ['Deployment' as const], container: 'agent-bruno' },
    dependencies: [],
    params: {},
  };

  test('$names are replaced and defaults filled in by the action’s schema', () => {
    const { action, params } = resolveParameters(
      { 'set-resources': { container: '$container', memory: { limit: '2Gi' } } },
      names,
    );
    expect(action.name).toBe('set-resources');
    expect(params).toEqual({ container: 'agent-bruno', memory: { limit: '2Gi' } });
    expect(resolveParameters({ 'wait-ready': {} }, names).params).toEqual({ timeout: '180s' });
    expect(resolveParameters({ 'rollout-undo': {} }, names).params).toEqual({ to: 'last-healthy' });
  });

  test('every fault is named at once', () => {
    const wrong = () =>
      resolveParameters({ 'set-resources': { container: '$who', memory: { factor: 1.5 }, colour: 'red' } }, names);
    expect(wrong).toThrow(expect.objectContaining({ code: 'invalid' }));
    expect(wrong).toThrow(/\$who stands for nothing/);
    expect(wrong).toThrow(/colour/);
    expect(wrong).toThrow(/needs a cap/);
  });

  test('every name of the registry is its action’s own', () => {
    expect(Object.keys(actions)).toEqual([...actionNames]);
    for (const [name, action] of Object.entries(actions)) expect(action.name).toBe(name);
  });
});

describe('what a plan holds of a secret', () => {
  const secrets = createSecrets('key', (text) => text.replace(/:\/\/[^@]*@/, '://[cut]@'));
  const from = { object: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'a-1' }, path: '/spec/template' };

  test('is where it can be read and a keyed hash, also for a secret deep inside', () => {
    const url = 'redis://user:pass@redis:6379';
    const value = toValue(secrets, [{ name: 'REDIS_URL', value: url }], 'env', from);
    expect(JSON.stringify(value)).not.toContain('pass');
    expect(value).toMatchObject({ secret: { from: from.object, path: from.path } });
    expect(isValue(secrets, value, [{ value: url, name: 'REDIS_URL' }], '/env')).toBe(true);
    expect(isValue(secrets, value, [{ name: 'REDIS_URL', value: `${url}1` }], '/env')).toBe(false);
    expect(createSecrets('other key', (text) => text).hmac(url)).not.toBe(secrets.hmac(url));
  });

  test('an ordinary value is itself, and quantities match by value', () => {
    expect(toValue(secrets, '2Gi', 'memory', from)).toEqual({ value: '2Gi' });
    expect(isValue(secrets, { value: '2Gi' }, '2048Mi', '/resources/limits/memory')).toBe(true);
    expect(isValue(secrets, { absent: true }, undefined, '/x')).toBe(true);
  });
});

describe('annotations', () => {
  test('a guard names recovery and step; anything else is none', () => {
    const id = 'recovery/default/bruno/deployment/agent-bruno@1a2b3c4d';
    expect(readGuard({ 'kintsugi.dev/recovery': `${id}#12` })).toEqual({ recoveryId: id, step: 12 });
    for (const text of ['', id, '#12', `${id}#`, `${id}#x`])
      expect(readGuard({ 'kintsugi.dev/recovery': text })).toBeNull();
    for (const text of ['', '{', '{"recoveryId": 1}', '[]'])
      expect(readRecipe({ 'kintsugi.dev/undo': text })).toBeNull();
  });
});

test('the last change of a template is the newest by another hand, whatever touched other fields later', () => {
  const entry = (manager: string, time: string, fields: object, subresource?: string) => ({
    manager,
    operation: 'Update',
    time: JSON.parse(JSON.stringify(time)),
    fieldsV1: fields,
    ...(subresource === undefined ? {} : { subresource }),
  });
  const template = { 'f:spec': { 'f:template': {} } };
  const workload = toWorkload('Deployment', {
    metadata: {
      name: 'a',
      namespace: 'b',
      uid: 'u',
      resourceVersion: '1',
      managedFields: [
        entry('kubectl-edit', '2025-10-15T12:00:00Z', template),
        entry('kintsugi', '2025-10-15T12:05:00Z', template),
        entry('kube-controller-manager', '2025-10-15T12:06:00Z', { 'f:status': {} }, 'status'),
        entry('kubectl', '2025-10-15T12:07:00Z', { 'f:spec': { 'f:replicas': {} } }),
      ],
    },
    spec: { selector: {}, template: {} },
  });
  expect(lastTemplateChange(workload)).toEqual({ at: Date.parse('2025-10-15T12:00:00Z'), manager: 'kubectl-edit' });
});
