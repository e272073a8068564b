import { describe, expect, test } from '@jest/globals';
import { eventLine } from '../../src/cli/event-line.ts';
import { recordSummary } from '../../src/cli/record-summary.ts';
import { toneOf } from '../../src/cli/sentences.ts';
import type { EventBody, RecoveryEvent } from '../../src/recovery/events.ts';
import { finding, raisePlan, smallRunbook } from '../recovery/samples.ts';

import { asked, at, diagnosed, measure, opened, planned, recordAfter } from './told-events.ts';

describe('a record is a few lines', () => {
  const loaded: EventBody = {
    kind: 'runbook-loaded',
    name: 'agent-bruno-pod-crash-loop',
    version: '1.0',
    digest: 'd',
    runbook: smallRunbook(),
    workerMode: 'approve',
  };
  const waiting: EventBody[] = [
    opened,
    loaded,
    diagnosed,
    { kind: 'classified', round: 1, findings: [finding] },
    planned,
    asked,
  ];

  test('that say what it is, what was seen, the cause, the attempt that waits, and what is possible', () => {
    expect(recordSummary(recordAfter(...waiting)).split('\n')).toEqual([
      'bruno/deployment/agent-bruno',
      '  recovery   recovery/default/bruno/deployment/agent-bruno@01234567',
      '  runbook    agent-bruno-pod-crash-loop',
      '  phase      awaiting-approval',
      '  mode       approve (the worker)',
      '  seen       0 of 1 pods ready',
      '  cause      oom-killed: container agent-bruno was OOM-killed at its limit of 1Gi',
      '  attempt 1  raise-memory for oom-killed: asked until 03:10:00Z: the mode is approve: raise the memory of container agent-bruno from 256Mi/1Gi to 512Mi/2Gi, then wait up to 180 s until the pods are ready',
      '               Deployment bruno/agent-bruno',
      '               - /spec/template/spec/containers/0/resources/limits/memory: "1Gi"',
      '               + /spec/template/spec/containers/0/resources/limits/memory: "2Gi"',
      expect.stringMatching(/^ {15}to approve it: kintsugi approve recovery\S+ --attempt 1 --digest \S+ --actor YOU$/),
      '  people     a person is paged at 03:15:00Z unless it is healthy by then',
      expect.stringMatching(/^ {2}orders {5}possible now: approve, reject, .*rollback, debug, close/),
    ]);
  });

  test('that are complete for a recovery that has only just begun', () => {
    const summary = recordSummary(recordAfter(opened));
    expect(summary).toContain('  seen       nothing yet');
    expect(summary).toContain('  cause      not known yet');
  });

  test('that name who took the page', () => {
    const paged = recordAfter(
      ...waiting,
      { kind: 'rung-due', rung: 0, why: '15m passed' },
      { kind: 'page-sent', rung: 0, notifier: 'webhook', key: 'k', providerId: 'p' },
    );
    expect(recordSummary(paged)).toMatch(/ {2}people {5}paged at .*: 15m passed \(taken by webhook\)/);
  });
});

describe('a procedure', () => {
  const loss = { ...raisePlan, dataLoss: 'what was written since 02:00 is lost' };
  const procedures = [
    {
      name: 'restore',
      text: 'Restores it',
      approval: { quorum: 2, expires: '30m', onExpiry: 'escalate' as const },
      actions: [{ scale: { to: 0 } }],
    },
  ];
  const runbook = smallRunbook(({ metadata, spec }) => ({
    metadata,
    spec: { ...spec, procedures, params: { claim: 'data' } },
  }));
  const started: EventBody[] = [
    { ...opened, startedBy: 'person', actor: 'ana', procedure: 'restore' } as EventBody,
    { kind: 'runbook-loaded', name: 'r', version: '1', digest: 'd', runbook, workerMode: 'auto', procedure: 'restore' },
    { ...diagnosed, healthy: true, measure: { ...measure, ready: 1 } } as EventBody,
    { ...planned, cause: 'unknown', remedy: 'restore', findingKey: 'order|start-2', plans: [loss] } as EventBody,
    { ...asked, quorum: 2 } as EventBody,
  ];

  test('is told with its parameters, who started it, how many must approve it, and first what data is lost', () => {
    const lines = started.map((body) => eventLine({ v: 1, seq: 1, at, ...body }));
    expect(lines[0]).toMatch(/^procedure restore of bruno\/deployment\/agent-bruno, started by ana/);
    expect(lines[3]).toMatch(/^DATA LOSS: what was written since 02:00 is lost\. attempt 1, restore: raise the memory/);
    expect(lines[4]).toMatch(/^attempt 1 waits for approval of 2 people until/);
    const summary = recordSummary(recordAfter(...started)).split('\n');
    expect(summary[0]).toBe('DATA LOSS: what was written since 02:00 is lost.');
    expect(summary).toContain('  procedure  restore, started by ana with claim=data');
    expect(summary).toContain('  cause      none: it is healthy');
  });

  test('that is not done says why, wherever it is asked', () => {
    const ended: EventBody = {
      kind: 'procedure-ended',
      n: 1,
      outcome: 'not-done',
      asBefore: false,
      why: 'no pod came',
    };
    const event: RecoveryEvent = { v: 1, seq: 9, at, ...ended };
    expect(eventLine(event)).toBe(
      'the procedure has ended, not done, and the target is not as it was before: no pod came',
    );
    expect(toneOf(event)).toBe('bad');
    expect(recordSummary(recordAfter(...started, ended))).toContain(
      'started by ana with claim=data: not done: no pod came',
    );
    const closed: EventBody = { kind: 'closed', outcome: 'not-done', standing: [], why: 'no pod came' };
    expect(eventLine({ v: 1, seq: 10, at, ...closed })).toBe('CLOSED: not-done: no pod came');
  });
});
