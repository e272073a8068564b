import { describe, expect, test } from '@jest/globals';
import { historyText } from '../../src/cli/history.ts';
import type { RevisionEvidence } from '../../src/diagnosis/evidence/change.ts';

const target = { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' };
const now = new Date('2026-01-31T03:00:00Z');

function revision(number: number, changes: Partial<RevisionEvidence>): RevisionEvidence {
  return {
    revision: String(number),
    name: `agent-bruno-${number}`,
    createdAt: '2026-01-31T02:15:00Z',
    images: [`agent-bruno:${number}`],
    digests: [''],
    replicas: 0,
    ready: 0,
    current: false,
    healthyBaseline: false,
    ...changes,
  };
}

describe('the rollout history', () => {
  test('says of each revision what it ran, how old it is, why it came about and whether it was ever healthy', () => {
    const text = historyText(
      target,
      [
        revision(4, { current: true, replicas: 1, changeCause: 'deploy 1.4' }),
        revision(3, {
          createdAt: '2026-01-20T03:00:00Z',
          digests: [`sha256:${'a'.repeat(64)}`],
          seenHealthyAt: '2026-01-31T02:14:00Z',
        }),
      ],
      now,
    );
    expect(text.split('\n')).toEqual([
      'REVISION  NOW  AGE  READY  SEEN HEALTHY          IMAGES         DIGESTS              CHANGE CAUSE',
      '4         yes  45m  0/1    never                 agent-bruno:4  unknown              deploy 1.4',
      '3              11d  0/0    2026-01-31T02:14:00Z  agent-bruno:3  sha256:aaaaaaaaaaaa  -',
    ]);
  });

  test('that is not kept is said', () => {
    expect(historyText(target, [], now)).toBe('bruno/deployment/agent-bruno keeps no revisions');
  });
});
