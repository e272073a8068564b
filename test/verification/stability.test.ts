import { describe, expect, test } from '@jest/globals';
import { longestLifeBeforeCrash, measure } from '../../src/diagnosis/measure.ts';
import { isBetter } from '../../src/verification/better.ts';
import { progress, type VerificationBasis } from '../../src/verification/progress.ts';
import { judgeLook } from '../../src/verification/single-look.ts';
import { isInBackOff, restartsSince, stability, stableSeconds } from '../../src/verification/stability.ts';
import { probeBudgetSeconds, stabilityWindow } from '../../src/verification/window.ts';
import {
  ago,
  ended,
  NOW,
  type PodShape,
  pod,
  probed,
  running,
  type StateShape,
  targetState,
  waiting,
} from './objects.ts';

const settings = { crashes: 3, min: '60s', max: '300s' };
const window = { seconds: 60, why: "the runbook's minimum" };

describe('the stability window (safety 19)', () => {
  const slow = probed({
    liveness: { initialDelaySeconds: 30, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
  });

  test.each<[string, number, ReturnType<typeof probed>, number, RegExp]>([
    ["is the runbook's minimum for a quick crash", 5, probed({}), 60, /minimum/],
    ['is three times the longest life before a crash', 40, probed({}), 120, /3 x the longest life/],
    ['is the full startup and liveness budget', 5, slow, 65, /budget/],
    ["is at most the runbook's maximum", 4000, slow, 300, /at most 300s/],
  ])('%s', (_sentence, longestLifeSeconds, template, seconds, why) => {
    const made = stabilityWindow({ settings, longestLifeSeconds, template });
    expect(made.seconds).toBe(seconds);
    expect(made.why).toMatch(why);
  });

  test('adds the startup budget to the liveness budget, with the defaults of Kubernetes', () => {
    expect(probeBudgetSeconds(probed({ startup: { failureThreshold: 30, periodSeconds: 2 }, liveness: {} }))).toBe(
      61 + 31,
    );
    expect(probeBudgetSeconds(probed({}))).toBe(0);
  });
});

describe('a pod is stable', () => {
  test.each<[string, PodShape, number]>([
    ['since it became ready', { readyFor: 50, state: running(70) }, 50],
    ['no longer than its present instance runs', { readyFor: 50, state: running(20) }, 20],
    ['no longer than its youngest container', { readyFor: 50, state: running(70), others: { proxy: running(15) } }, 15],
    ['no longer than its sidecar', { readyFor: 50, state: running(70), init: { state: running(9), sidecar: true } }, 9],
    ['not at all while it is not ready', { state: running(500) }, 0],
    ['not in the silence of back-off', { state: waiting('CrashLoopBackOff'), lastState: ended(5, 200) }, 0],
  ])('%s', (_sentence, shape, seconds) => {
    expect(stableSeconds(pod(shape), NOW)).toBe(seconds);
  });

  test('and the target is as stable as its youngest pod', () => {
    const current = [pod({ name: 'app-1', readyFor: 500 }), pod({ name: 'app-2', readyFor: 30 })];
    const judged = stability(targetState({ replicas: 2, current }), window);
    expect(judged).toEqual({
      result: 'fail',
      saw: expect.stringMatching(/^app-2 ready in one instance for 30 s; needed 1 min/),
    });
    expect(stability(targetState({ current: [pod({ readyFor: 60 })] }), window).result).toBe('pass');
    expect(stability(targetState({ current: [] }), window).result).toBe('fail');
  });
});

describe('a container that ended since the verification began', () => {
  test.each<[string, PodShape, string[]]>([
    ['is told with its reason', { lastState: ended(5, 20, 'OOMKilled', 137) }, ['app of app-1: OOMKilled (137)']],
    ['is told while it has not started again', { state: ended(5, 20) }, ['app of app-1: Error (1)']],
    ['before it is none', { lastState: ended(5, 200) }, []],
    ['after its work as an init container is none', { init: { state: ended(2, 20, 'Completed', 0) } }, []],
  ])('%s', (_sentence, shape, expected) => {
    expect(restartsSince(targetState({ current: [pod({ readyFor: 10, ...shape })] }), ago(100))).toEqual(expected);
  });

  test('leaves it in back-off until it starts again, whatever the kubelet calls it', () => {
    const of = (shape: PodShape): boolean => isInBackOff(targetState({ current: [pod(shape)] }));
    expect(of({ state: waiting('CrashLoopBackOff') })).toBe(true);
    expect(of({ state: ended(5, 20) })).toBe(true);
    expect(of({ state: running(5), lastState: ended(5, 20) })).toBe(false);
  });
});

describe('the wait for stability', () => {
  const basis: VerificationBasis = { since: ago(30), window, longestWindowSeconds: 300, recordedDesired: 1 };
  const away: StateShape = { current: [pod({ awayFor: 20 })] };
  const backOff: StateShape = { current: [pod({ state: waiting('CrashLoopBackOff'), lastState: ended(5, 400) })] };

  test.each<[string, StateShape, Partial<VerificationBasis>, object]>([
    ['is over once every pod has stood the window', {}, {}, { over: true, why: 'stable' }],
    [
      'goes on while a pod is younger',
      { current: [pod({ readyFor: 20 })] },
      {},
      { over: false, saw: 'ready for 20 s of 1 min' },
    ],
    [
      'is over early when a container ended again',
      { current: [pod({ readyFor: 5, lastState: ended(5, 10) })] },
      {},
      { over: true, why: 'restarted' },
    ],
    ['goes on while pods may still become ready', away, {}, { over: false }],
    ['is over when they had the time for it', away, { since: ago(61) }, { over: true, why: 'out-of-time' }],
    [
      'gives slow probes their budget',
      { ...away, template: probed({ startup: { periodSeconds: 10, failureThreshold: 12 } }) },
      { since: ago(100) },
      { over: false },
    ],
    ['waits longer for the end of a back-off', backOff, { since: ago(190) }, { over: false }],
    ['but not for ever', backOff, { since: ago(301) }, { over: true, why: 'out-of-time' }],
    [
      'is over when readiness keeps flapping',
      { current: [pod({ readyFor: 20 })] },
      { since: ago(130) },
      { over: true, why: 'out-of-time' },
    ],
  ])('%s', (_sentence, shape, more, expected) => {
    expect(progress(targetState(shape), { ...basis, ...more })).toMatchObject(expected);
  });

  test('that a new worker takes up is over at once if the pods stood the window meanwhile', () => {
    expect(progress(targetState(), { ...basis, since: ago(3600) })).toMatchObject({ over: true, why: 'stable' });
  });
});

describe('a single look', () => {
  const look = (shape: StateShape, more: object = {}) => judgeLook(targetState(shape), { settings, ...more });

  test.each<[string, StateShape, object, { healthy: boolean; broken: boolean }]>([
    ['is healthy when every start is older than the window', {}, {}, { healthy: true, broken: false }],
    [
      'is not healthy, nor broken, while a start is younger',
      { current: [pod({ readyFor: 40 })] },
      {},
      { healthy: false, broken: false },
    ],
    [
      'takes the window from the last crash that the pods tell',
      { current: [pod({ readyFor: 100, lastState: ended(50, 105) })] },
      {},
      { healthy: false, broken: false },
    ],
    [
      'takes the window from the diagnosis where there is one',
      { current: [pod({ readyFor: 100 })] },
      { longestLifeSeconds: 50 },
      { healthy: false, broken: false },
    ],
    [
      'is broken by a restart since the last look',
      { current: [pod({ readyFor: 40, lastState: ended(500, 45) })] },
      { since: ago(60) },
      { healthy: false, broken: true },
    ],
    [
      'is not broken by a restart before it',
      { current: [pod({ readyFor: 40, lastState: ended(500, 45) })] },
      { since: ago(30) },
      { healthy: false, broken: false },
    ],
    [
      'is not yet broken by a pod away for 20 s',
      { current: [pod({ awayFor: 20 })] },
      {},
      { healthy: false, broken: false },
    ],
    ['is broken by a pod away for 30 s', { current: [pod({ awayFor: 30 })] }, {}, { healthy: false, broken: true }],
    [
      'is not broken while an old revision serves in its place',
      { current: [pod({ awayFor: 50 })], older: [pod({ readyFor: 900 })] },
      {},
      { healthy: false, broken: false },
    ],
    ['is neither with nothing wanted', { replicas: 0, current: [] }, {}, { healthy: false, broken: false }],
  ])('%s', (_sentence, shape, more, expected) => {
    expect(look(shape, more)).toMatchObject(expected);
  });
});

describe('how well a target does', () => {
  const of = (pods: PodShape[], desired = 1) => measure({ pods: pods.map(pod), desired, at: NOW });

  test.each<[string, PodShape[], object]>([
    [
      'counts pods that have been ready for 60 s as held',
      [{ readyFor: 60 }, { readyFor: 59 }],
      { ready: 2, readyHeld: 1 },
    ],
    [
      'has the longest life of what crashes, not of what stands beside it',
      [{ lastState: ended(20, 5), state: running(3), others: { proxy: running(900) } }],
      { longestLifeSeconds: 20 },
    ],
    [
      'has the present life of what crashed if that is longer',
      [{ lastState: ended(20, 95), state: running(90) }],
      { longestLifeSeconds: 90 },
    ],
    [
      'has no life where a start failed in 1970',
      [{ state: { terminated: { exitCode: 128, startedAt: new Date(0), finishedAt: NOW } } }],
      { longestLifeSeconds: 0 },
    ],
    [
      'has the life of the youngest where nothing crashed',
      [{ readyFor: 500, state: running(510) }, { state: waiting('ImagePullBackOff') }],
      { longestLifeSeconds: 0 },
    ],
    ['does not count what is terminating', [{ readyFor: 500, terminating: true }], { ready: 0, longestLifeSeconds: 0 }],
  ])('%s', (_sentence, pods, expected) => {
    expect(of(pods)).toMatchObject(expected);
  });

  test('knows the longest life before a crash, 0 without one', () => {
    expect(longestLifeBeforeCrash([pod({ readyFor: 900, lastState: ended(7, 901) })], NOW)).toBe(7);
    expect(longestLifeBeforeCrash([pod({ readyFor: 900 })], NOW)).toBe(0);
  });

  const before = { desired: 3, ready: 1, readyHeld: 1, longestLifeSeconds: 20 };
  test.each<[string, Partial<typeof before>, boolean]>([
    ['is better with more ready pods, held', { ready: 2, readyHeld: 2 }, true],
    ['is not better with more ready pods for a moment', { ready: 2, readyHeld: 1 }, false],
    ['is better with lives over three times the longest', { longestLifeSeconds: 61 }, true],
    ['is not better with three times the longest', { longestLifeSeconds: 60 }, false],
    ['is not better with long lives of fewer ready pods', { ready: 0, readyHeld: 0, longestLifeSeconds: 90 }, false],
    ['is not better unchanged', {}, false],
  ])('%s', (_sentence, now, better) => {
    expect(isBetter(before, { ...before, ...now })).toBe(better);
  });
});
