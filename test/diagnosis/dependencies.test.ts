import { describe, expect, test } from '@jest/globals';
import type { AnswerState } from '../../src/dependencies/answer.ts';
import { classify } from '../../src/diagnosis/classify.ts';
import { describeDependency, isDown } from '../../src/diagnosis/dependency-state.ts';
import { dependency, ended, evidence, MODULE_MISSING, pod, REDIS_REFUSED } from './evidence.ts';

const saying = (...states: AnswerState[]) =>
  dependency({
    answers: states.map((state, index) => ({ from: `pod redis-${index}, by port-forward`, state, saw: state })),
  });

const causes = (log: string, ...states: AnswerState[]) =>
  classify(evidence({ pods: [pod(ended(1, log))], dependencies: [saying(...states)] }));

describe('a dependency that was asked for real', () => {
  test.each<[AnswerState[], boolean]>([
    [['silent'], true],
    [['refused'], true],
    [['loading'], true],
    [['no-route'], true],
    [['silent', 'well'], false],
    [['denied'], false],
    [['full'], false],
    [['failing'], false],
    [['unknown'], false],
    [[], false],
  ])('and answers %j is down: %s, though its pods are ready', (states, down) => {
    expect(isDown(saying(...states))).toBe(down);
  });

  test("the Service's answer decides over its pods'", () => {
    const { answers = [] } = saying('well');
    const service = { from: 'Service ollama, by proxy', state: 'no-route' as const, saw: 'no endpoints available' };
    expect(isDown(dependency({ answers: [...answers, service] }))).toBe(true);
  });

  test('that is silent is the root, with its own word quoted', () => {
    const [first] = causes(REDIS_REFUSED, 'silent');
    expect(first).toMatchObject({ cause: 'redis-connection-failure', subject: 'redis', root: true });
    expect(first?.summary).toContain('pod redis-0, by port-forward: silent');
  });

  test('that refuses the login is up: the variable with the address is what is wrong', () => {
    const [first, ...rest] = causes(REDIS_REFUSED, 'denied');
    expect(first).toMatchObject({
      cause: 'configuration-error',
      subject: 'REDIS_URL',
      container: 'agent-bruno',
      root: true,
    });
    expect(first?.key).toBe('configuration-error|agent-bruno|REDIS_URL');
    expect(rest.every(({ root }) => !root)).toBe(true);
  });

  test('a login that is refused is told once, also where the log names it as configuration itself', () => {
    const found = causes(
      'redis.exceptions.AuthenticationError: invalid username-password pair or user is disabled.\n',
      'denied',
    );
    expect(found.filter(({ cause }) => cause === 'configuration-error')).toHaveLength(1);
    expect(found[0]?.subject).toBe('REDIS_URL');
  });

  test.each<[AnswerState, string]>([
    ['full', 'redis-full'],
    ['read-only', 'redis-read-only'],
  ])('that is %s is named as that, also for a silent log', (state, cause) => {
    expect(causes('', state)[0]).toMatchObject({ cause, subject: 'redis' });
  });

  test('that is full does not explain a missing module', () => {
    expect(causes(MODULE_MISSING, 'full')[0]?.cause).toBe('application-startup-failure');
  });

  test('of whose Service the address names none is not down: the address is wrong', () => {
    const astray = dependency({ endpointsReady: null, missingService: 'redis/redis-mastr' });
    const [first] = classify(evidence({ pods: [pod(ended(1, REDIS_REFUSED))], dependencies: [astray] }));
    expect(first).toMatchObject({ cause: 'configuration-error', subject: 'REDIS_URL' });
    expect(first?.summary).toContain('redis/redis-mastr, which is not there');
  });

  test('that is well leaves the log its say, and is told beside it', () => {
    const [first] = causes(REDIS_REFUSED, 'well');
    expect(first?.cause).toBe('redis-connection-failure');
    expect(first?.summary).toContain('pod redis-0, by port-forward: well');
  });

  test('that was scaled to 0 says by whom and when', () => {
    const scaled = dependency({
      podsFound: 0,
      podsReady: 0,
      endpointsReady: 0,
      withoutPods: [
        {
          kind: 'StatefulSet',
          name: 'mongodb',
          replicas: 0,
          setBy: 'kubectl-scale',
          setAt: '2026-01-01T00:00:00.000Z',
        },
      ],
    });
    expect(isDown(scaled)).toBe(true);
    expect(describeDependency(scaled)).toContain('StatefulSet mongodb is scaled to 0, set by kubectl-scale at 2026');
  });

  test('of which nothing is in the cluster is not called down', () => {
    const elsewhere = dependency({ podsFound: 0, podsReady: 0, endpointsReady: null, known: false, absent: true });
    expect(isDown(elsewhere)).toBe(false);
    expect(describeDependency(elsewhere)).toContain('no pod, workload or Service of it');
  });
});
