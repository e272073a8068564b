import { describe, expect, test } from '@jest/globals';
import { classify } from '../../src/diagnosis/classify.ts';
import { dependency, ended, evidence, killedByLiveness, pod, REDIS_REFUSED } from './evidence.ts';

describe('dependencies', () => {
  const down = dependency({
    podsReady: 0,
    endpointsReady: 0,
    notReady: ['redis-0 has redis waiting: CrashLoopBackOff, 4 restarts'],
  });

  test('a dependency that is down is the root of the connection that fails', () => {
    const [first] = classify(evidence({ pods: [pod(ended(1, REDIS_REFUSED))], dependencies: [down] }));
    expect(first).toMatchObject({ key: 'redis-connection-failure|agent-bruno|redis', root: true });
    expect(first?.summary).toContain('0 of 1 pods ready');
  });

  test('a liveness failure only follows from a dependency that is down', () => {
    const seen = evidence({ pods: [pod(ended(137))], events: [killedByLiveness], dependencies: [down] });
    expect(classify(seen).map(({ cause, root }) => [cause, root])).toEqual([
      ['redis-connection-failure', true],
      ['liveness-probe-failure', false],
    ]);
  });

  test('a dependency that is down does not explain a wrong setting', () => {
    const seen = evidence({ pods: [pod(ended(1, "KeyError: 'MONGODB_URL'\n"))], dependencies: [down] });
    expect(classify(seen)[0]?.key).toBe('configuration-error|agent-bruno|MONGODB_URL');
  });

  test('a dependency whose pods could not be read is not called down', () => {
    const seen = evidence({
      pods: [pod(ended(137))],
      events: [killedByLiveness],
      dependencies: [{ ...down, known: false }],
    });
    expect(classify(seen).map(({ cause }) => cause)).toEqual(['liveness-probe-failure']);
  });

  test('a dependency that is ready is said to be so', () => {
    const [first] = classify(evidence({ pods: [pod(ended(1, REDIS_REFUSED))], dependencies: [dependency()] }));
    expect(first).toMatchObject({ key: 'redis-connection-failure|agent-bruno|redis' });
    expect(first?.summary).toContain('though redis in redis: 1 of 1 pods ready');
  });

  test('an address that was changed while its dependency is ready is configuration, and names the variable', () => {
    const text =
      'redis.exceptions.ConnectionError: Error -2 connecting to redis-mastre.redis:6379. Name or service not known.\n';
    const seen = evidence({
      pods: [pod(ended(1, text))],
      dependencies: [dependency({ hosts: ['redis-mastre.redis'] })],
      difference: {
        against: 'the healthy baseline of 2026-01-01',
        kind: 'baseline',
        changes: [
          {
            container: 'agent-bruno',
            what: 'env REDIS_URL',
            before: 'redis://redis-master.redis',
            after: 'redis://redis-mastre.redis',
          },
        ],
      },
    });
    expect(classify(seen).map(({ key, root }) => [key, root])).toEqual([
      ['configuration-error|agent-bruno|REDIS_URL', true],
      ['redis-connection-failure|agent-bruno|redis-mastre.redis:6379', false],
    ]);
  });
});
