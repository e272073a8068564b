import { describe, expect, test } from '@jest/globals';
import { type Baseline, MOST_SEEN, seenHealthy, withNewest } from '../../src/activities/baseline.ts';

function baseline(templateHash: string, hour: number): Baseline {
  return {
    target: { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' },
    seenAt: `2026-01-31T${String(hour).padStart(2, '0')}:00:00.000Z`,
    revision: String(hour),
    templateHash,
    replicas: 1,
    containers: [{ name: 'agent-bruno', image: 'agent-bruno:latest', digest: `sha256:${templateHash}`, env: {} }],
    references: {},
  };
}

describe('what is remembered of templates that were seen healthy', () => {
  test('is each template once, the last first, with its digests', () => {
    const seen = [baseline('a', 1), baseline('b', 2), baseline('a', 3)].reduce(withNewest, []);
    expect(seen).toEqual([
      { templateHash: 'a', revision: '3', seenAt: '2026-01-31T03:00:00.000Z', digests: { 'agent-bruno': 'sha256:a' } },
      { templateHash: 'b', revision: '2', seenAt: '2026-01-31T02:00:00.000Z', digests: { 'agent-bruno': 'sha256:b' } },
    ]);
  });

  test('is bounded', () => {
    const many = Array.from({ length: MOST_SEEN + 5 }, (_, index) => baseline(`t${index}`, index % 24));
    expect(many.reduce(withNewest, [])).toHaveLength(MOST_SEEN);
  });

  test('tells of the baseline itself, of what was healthy before it, and of nothing else', () => {
    const known = { ...baseline('b', 2), seen: withNewest([], baseline('a', 1)) };
    expect(seenHealthy(known, 'b')?.seenAt).toBe('2026-01-31T02:00:00.000Z');
    expect(seenHealthy(known, 'a')?.seenAt).toBe('2026-01-31T01:00:00.000Z');
    expect(seenHealthy(known, 'c')).toBeNull();
    expect(seenHealthy(null, 'a')).toBeNull();
  });
});
