import { describe, expect, test } from '@jest/globals';
import { eventLine } from '../../src/cli/event-line.ts';
import { toneOf } from '../../src/cli/sentences.ts';
import type { EventBody, RecoveryEvent } from '../../src/recovery/events.ts';
import { emptyRecord } from '../../src/recovery/record.ts';
import { finding, smallRunbook, waitPlan } from '../recovery/samples.ts';

import { asked, at, diagnosed, opened, planned, target, verified } from './told-events.ts';

/** Every kind with the sentence that a reader gets; null where nothing is to be said. */
const SENTENCES: [EventBody, string | null][] = [
  [
    opened,
    'recovery of bruno/deployment/agent-bruno, started by an alert; a person is paged at 03:15:00Z unless it is healthy by then',
  ],
  [{ kind: 'snapshot', record: emptyRecord }, null],
  [{ kind: 'step-started', lane: 'target', step: 'diagnose' }, null],
  [
    {
      kind: 'step-failed',
      lane: 'target',
      step: 'diagnose',
      error: { code: 'forbidden', message: 'no list pods', fix: 'grant it' },
    },
    'diagnose failed: forbidden: no list pods (grant it)',
  ],
  [{ kind: 'step-stopped', lane: 'target', step: 'verify' }, 'verify was stopped'],
  [
    {
      kind: 'post-recovery',
      items: [
        { id: 'function', text: 'Verify function', state: 'done', saw: 'http /state: 200' },
        { id: 'metrics', text: 'Check metrics', state: 'not-possible', saw: 'no Prometheus' },
        { id: 'logs', text: 'Check logs', state: 'found', saw: '2 error lines' },
        { id: 'root-cause', text: 'Root cause', state: 'open', saw: 'a person says it' },
      ],
    },
    [
      'after the recovery:',
      '             [x] Verify function: http /state: 200',
      '             [-] Check metrics: no Prometheus',
      '             [!] Check logs: 2 error lines',
      '             [ ] Root cause: a person says it',
    ].join('\n'),
  ],
  [{ kind: 'owner-found', target }, 'the pod belongs to bruno/deployment/agent-bruno'],
  [
    { kind: 'owner-gone', healthy: true, saw: 'no such pod' },
    'the pod and its owner are gone (the rest is healthy): no such pod',
  ],
  [
    { kind: 'forwarded', to: 'recovery/default/bruno/deployment/agent-bruno', alerts: 2 },
    '2 alerts sent on to recovery/default/bruno/deployment/agent-bruno',
  ],
  [
    {
      kind: 'alert-received',
      fingerprint: 'f',
      name: 'PodCrashLooping',
      status: 'firing',
      startsAt: at,
      role: 'trigger',
      labels: {},
    },
    'alert PodCrashLooping (trigger) fires since 03:00:00Z',
  ],
  [
    {
      kind: 'alert-received',
      fingerprint: 'f',
      name: 'PodCrashLooping',
      status: 'resolved',
      startsAt: at,
      role: 'trigger',
      labels: {},
    },
    'alert PodCrashLooping has resolved',
  ],
  [{ kind: 'alert-repeated', fingerprint: 'f', count: 2 }, null],
  [
    {
      kind: 'runbook-loaded',
      name: 'agent-bruno-pod-crash-loop',
      version: '1.0',
      digest: 'd',
      runbook: smallRunbook(),
      workerMode: 'auto',
    },
    "runbook agent-bruno-pod-crash-loop 1.0; the worker's mode here is auto",
  ],
  [diagnosed, 'diagnosis 1: not healthy: 0 of 1 pods ready'],
  [
    { kind: 'classified', round: 1, findings: [{ ...finding, root: false, cause: 'unknown' }, finding] },
    'cause: oom-killed: container agent-bruno was OOM-killed at its limit of 1Gi; also seen: unknown',
  ],
  [{ kind: 'checklist', items: [], steps: [] }, null],
  [
    planned,
    'attempt 1, raise-memory for oom-killed: raise the memory of container agent-bruno from 256Mi/1Gi to 512Mi/2Gi, then wait up to 180 s until the pods are ready',
  ],
  [
    {
      kind: 'remedy-refused',
      n: 1,
      cause: 'oom-killed',
      remedy: 'raise-memory',
      findingKey: 'k',
      code: 'refused',
      reason: 'Flux owns it',
    },
    'raise-memory for oom-killed is refused: Flux owns it',
  ],
  [
    { kind: 'replanned', n: 1, i: 0, plan: waitPlan, digest: 'q' },
    'attempt 1, action 1, was planned anew: wait up to 180 s until the pods are ready',
  ],
  [asked, 'attempt 1 waits for approval until 03:10:00Z: the mode is approve'],
  [{ kind: 'approval-sent', n: 1, notifier: 'webhook' }, 'webhook took the request to approve attempt 1'],
  [
    { kind: 'approval-failed', n: 1, notifier: 'webhook', error: '500' },
    'webhook did not take the request to approve attempt 1: 500',
  ],
  [{ kind: 'approval-expired', n: 1 }, 'nobody approved attempt 1 in time'],
  [{ kind: 'held-back', n: 1, i: 0, why: 'paused by ana' }, 'attempt 1 is held back: paused by ana'],
  [{ kind: 'action-started', n: 1, i: 0 }, 'attempt 1, action 1, begins'],
  [{ kind: 'action-finished', n: 1, i: 0, outcome: 'applied' }, 'attempt 1, action 1: applied'],
  [
    { kind: 'action-finished', n: 1, i: 0, outcome: 'applied', saw: ['redis: TCP is open', 'a shell in it: kubectl'] },
    'attempt 1, action 1: applied\n             redis: TCP is open\n             a shell in it: kubectl',
  ],
  [
    { kind: 'action-finished', n: 1, i: 1, outcome: 'failed', error: { code: 'timeout', message: 'not ready' } },
    'attempt 1, action 2: failed: timeout: not ready',
  ],
  [verified, 'attempt 1 verified healthy: ready: 1 of 1 pods ready'],
  [
    { ...verified, result: 'fail', checks: [...verified.checks, { name: 'http', result: 'fail', saw: '503' }] },
    'attempt 1 did not verify: http: 503',
  ],
  [
    { kind: 'assessed', n: 1, better: false, healthy: false, saw: '0 of 1' },
    'after attempt 1 it does no better than before: 0 of 1',
  ],
  [{ kind: 'undo-started', n: 1, i: 0, why: 'it did not help' }, 'attempt 1, action 1, is undone: it did not help'],
  [
    { kind: 'undo-finished', n: 1, i: 0, outcome: 'refused', saw: 'changed by ana' },
    'attempt 1, action 1: the undo was refused, the change stands: changed by ana',
  ],
  [{ kind: 'released' }, null],
  [{ kind: 'tick' }, null],
  [{ kind: 'deadline-passed' }, 'the deadline has passed'],
  [
    {
      kind: 'silenced',
      id: 's1',
      source: 'kintsugi',
      by: 'ana',
      why: 'node upgrade',
      since: at,
      until: '2026-01-31T05:00:00.000Z',
    },
    'silenced by ana until 2026-01-31T05:00:00.000Z (node upgrade): nothing is written by itself, and a page that comes due is held',
  ],
  [{ kind: 'silence-ended', id: 's1', by: 'bo', why: 'ended' }, 'the silence is over: ended by bo'],
  [{ kind: 'page-held', why: '15m passed', silence: 's1' }, 'a page is due and held by the silence: 15m passed'],
  [
    { kind: 'mode-said', voice: { mode: 'observe', source: 'kintsugi.dev/mode of a/b/c', fault: '"of" is no mode' } },
    'kintsugi.dev/mode of a/b/c says observe: "of" is no mode',
  ],
  [{ kind: 'rung-due', rung: 0, why: '15m passed' }, 'a person is to be paged: 15m passed'],
  [{ kind: 'page-sent', rung: 0, notifier: 'webhook', key: 'k', providerId: 'p' }, 'webhook took the page'],
  [{ kind: 'page-failed', rung: 0, notifier: 'webhook', error: '500' }, 'webhook did not take the page: 500'],
  [{ kind: 'page-updated', notifier: 'webhook', upTo: 9 }, "webhook took the page's update"],
  [{ kind: 'page-resolved', notifier: 'webhook', reason: 'healthy' }, 'the page is resolved at webhook: healthy'],
  [
    { kind: 'order', id: '1', name: 'approve', actor: 'ana', verified: false, args: {}, accepted: true },
    'order approve by ana is taken',
  ],
  [
    {
      kind: 'order',
      id: '1',
      name: 'approve',
      actor: 'ana',
      verified: false,
      args: {},
      accepted: false,
      reason: 'nothing waits',
    },
    'order approve by ana is refused (nothing waits)',
  ],
  [{ kind: 'message-refused', why: 'no id' }, 'a message was refused: no id'],
  [
    { kind: 'message-refused', why: 'no "text"', order: { name: 'note', id: 'o1', actor: 'ana' } },
    'order note by ana (o1) was refused: no "text"',
  ],
  [
    { kind: 'message-refused', why: 'no name', order: { id: 'o1' } },
    'an order by nobody who is named (o1) was refused: no name',
  ],
  [{ kind: 'watched', healthy: true, broken: false, saw: 'ready' }, null],
  [{ kind: 'watched', healthy: false, broken: true, saw: 'restarted' }, 'a look: broken: restarted'],
  [
    { kind: 'relapsed', brokenSince: at, deadline: '2026-01-31T04:15:00.000Z' },
    'it broke again; a person is paged at 04:15:00Z unless it is healthy by then',
  ],
  [
    { kind: 'recovered', by: 'remedy' },
    'RECOVERED by a remedy; the recovery stays open until its alerts have resolved',
  ],
  [
    { kind: 'closed', outcome: 'closed', rootCause: 'a leak', standing: ['memory 2Gi'] },
    'CLOSED: closed; root cause: a leak; what stands: memory 2Gi',
  ],
];

function event(body: EventBody): RecoveryEvent {
  return { v: 1, seq: 1, at, ...body };
}

describe('one event is one sentence', () => {
  test.each(SENTENCES.map(([body, sentence]) => [body.kind, body, sentence] as const))('%s', (_, body, sentence) => {
    expect(eventLine(event(body))).toBe(sentence);
  });

  test('a kind that only a newer worker knows is passed over', () => {
    expect(eventLine(JSON.parse('{"v":1,"seq":1,"at":"","kind":"of-tomorrow"}'))).toBeNull();
  });

  test('only good news is green, and what people must do stands out', () => {
    const tones = new Map(SENTENCES.map(([body]) => [body.kind, toneOf(event(body))]));
    expect(tones.get('recovered')).toBe('good');
    expect(tones.get('approval-asked')).toBe('asks');
    expect(tones.get('rung-due')).toBe('bad');
    expect(toneOf(event({ ...verified, result: 'unknown' }))).toBe('bad');
  });
});
