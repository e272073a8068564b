import { describe, expect, test } from '@jest/globals';
import { isSettledBy } from '../../src/recovery/settled.ts';
import type { Change, Plan, Value } from '../../src/recovery/values.ts';
import { applied, begun, decided, diagnosed, happen, ordered, planned, started } from './story.ts';

const object = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'bruno', name: 'agent-bruno', uid: 'u' };
const image = (before: string, after: Value): Change => ({
  type: 'field',
  object,
  path: '/spec/template/spec/containers/0/image',
  before: { value: before },
  after,
});
const plan = (changes: Change[], over: Partial<Plan> = {}): Plan => ({
  action: 'set-image',
  summary: 'pin',
  risk: 'low',
  undo: 'on-failure',
  changes,
  args: {},
  waitSeconds: 0,
  ...over,
});
const open = plan([image('a:latest', { later: 'what is built' })]);
const known = [image('a:latest', { value: 'a@sha256:1' })];

describe('a plan whose value an earlier action gives', () => {
  test.each<[string, Plan, Plan, boolean]>([
    ['is settled by the value alone', open, plan(known, { summary: 'another sentence' }), true],
    ['is settled with the reasons to ask that it had', { ...open, ask: 'x' }, plan(known, { ask: 'x' }), true],
    ['is another plan with a new reason to ask', open, plan(known, { ask: 'x' }), false],
    ['is another plan where the field is another now', open, plan([image('b:latest', { value: 'a@sha256:1' })]), false],
    ['is another plan with one more change', open, plan([...known, ...known]), false],
    ['is not settled by a refusal', open, plan(known, { refusal: { code: 'image-gone', reason: 'r' } }), false],
    ['is not settled by still not knowing', open, open, false],
    ['that was known before is another plan', plan(known), plan(known), false],
  ])('%s', (_sentence, recorded, fresh, expected) => {
    expect(isSettledBy(recorded, fresh)).toBe(expected);
  });
});

describe('an approved remedy whose later plan was settled', () => {
  const build = plan([{ type: 'effect', what: 'builds' }], { action: 'rebuild-image' });
  const asked = {
    kind: 'approval-asked',
    n: 1,
    quorum: 1,
    expiresAt: '2026-01-01T00:10:00Z',
    digest: 'd',
    why: 'w',
  } as const;
  const built = (mode: 'auto' | 'approve') => {
    const record = happen(started({ mode }), 1, ...diagnosed(), planned(1, 'raise-memory', [build, open]));
    const approved = mode === 'auto' ? record : happen(record, 1, asked, ordered('approve'));
    return happen(approved, 2, begun(0), applied(0), begun(1));
  };
  const replanned = (changes: Change[]) =>
    ({ kind: 'replanned', n: 1, i: 1, plan: plan(changes), digest: 'e' }) as const;

  test.each(['auto', 'approve'] as const)('goes on in mode %s without another question', (mode) => {
    const { record, decision } = decided(happen(built(mode), 3, replanned(known)));
    expect(decision.target).toEqual({ name: 'apply', n: 1, i: 1 });
    expect(record.attempts[0]).toMatchObject({ stage: 'applying', replans: 0 });
    expect(record.attempts[0]?.plans[1]?.changes).toEqual(known);
  });

  test('asks again where it became another plan', () => {
    const other = [image('b:latest', { value: 'a@sha256:1' })];
    const { record } = decided(happen(built('approve'), 3, replanned(other)));
    expect(record.attempts[0]).toMatchObject({ stage: 'asked', replans: 1 });
  });
});
