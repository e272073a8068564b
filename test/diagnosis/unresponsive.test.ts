import { describe, expect, test } from '@jest/globals';
import { classify } from '../../src/diagnosis/classify.ts';
import type { ReachEvidence } from '../../src/diagnosis/evidence/connection.ts';
import type { ContainerEvidence, EventEvidence, PodEvidence } from '../../src/diagnosis/evidence/pod.ts';
import { judgeHealth } from '../../src/diagnosis/health.ts';
import { dependency, ended, evidence, pod } from './evidence.ts';
import { workload } from './workload.ts';

/** A program that runs and does not answer, told from a wrong probe, from an error that it answers with, and from a start. */

const ago = (seconds: number): string =>
  new Date(Date.parse('2026-01-01T00:00:00.000Z') - seconds * 1000).toISOString();

const READINESS = { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 5, timeoutSeconds: 2 };
const LATE =
  'Readiness probe failed: Get "http://10.0.0.5:8080/ready": context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
const REFUSED =
  'Readiness probe failed: Get "http://10.0.0.5:8080/ready": dial tcp 10.0.0.5:8080: connect: connection refused';

const unhealthy = (message: string, seconds = 5): EventEvidence => ({
  type: 'Warning',
  reason: 'Unhealthy',
  message,
  object: 'Pod/agent-bruno-1',
  container: 'agent-bruno',
  count: 9,
  lastSeen: ago(seconds),
});

/** A pod that served for an hour and was not ready any more two minutes ago. */
const hanging = (parts: Partial<PodEvidence> = {}, container: Partial<ContainerEvidence> = {}): PodEvidence =>
  pod(
    { restarts: 0, started: true, state: { kind: 'running', startedAt: ago(3600) }, ...container },
    { createdAt: ago(3605), conditions: [{ type: 'Ready', status: 'False', since: ago(120) }], ...parts },
  );
const asked = (state: ReachEvidence['state'], status?: number): ReachEvidence => ({
  through: 'pod',
  name: 'agent-bruno-1',
  port: 8080,
  path: '/ready',
  state,
  ...(status === undefined ? {} : { status }),
  saw: state === 'silent' ? 'no answer within 5 s' : `status ${status}`,
});
const probed = workload({ probes: { readiness: READINESS } });

interface Seen {
  pods?: PodEvidence[];
  message?: string;
  reach?: ReachEvidence[];
  events?: EventEvidence[];
}
const look = ({ pods = [hanging()], message = LATE, reach, events = [unhealthy(message)] }: Seen = {}) =>
  classify(evidence({ workload: probed, pods, events, ...(reach === undefined ? {} : { reach }) }))[0];

describe('a program that runs and does not answer', () => {
  test('is unresponsive: the finding says which probe, since when, and what was asked besides', () => {
    expect(look({ reach: [asked('silent')] })).toMatchObject({
      cause: 'unresponsive',
      container: 'agent-bruno',
      pod: 'agent-bruno-1',
      subject: ':8080/ready',
      summary:
        'agent-bruno runs but has not answered as it should since 2025-12-31T23:58:00.000Z: its readiness probe GET :8080/ready gets no answer in time, and neither does a GET through the API server (no answer within 5 s). Find where its threads wait, then replace the pod.',
    });
  });

  test('is unresponsive also moments after its start, once it has been ready', () => {
    const started = { state: { kind: 'running' as const, startedAt: ago(18) } };
    const young = (since: number) =>
      hanging({ createdAt: ago(19), conditions: [{ type: 'Ready', status: 'False', since: ago(since) }] }, started);
    const seen = { message: LATE, reach: [asked('silent')] };
    expect(look({ ...seen, pods: [young(3)] })?.cause).toBe('unresponsive');
    expect(look({ ...seen, pods: [young(19)] })).toBeUndefined();
  });

  test('is unresponsive by the kubelet’s word alone where it could not be asked', () => {
    expect(look()?.cause).toBe('unresponsive');
    expect(look({ reach: [asked('unknown')] })?.cause).toBe('unresponsive');
  });

  test('is unresponsive where nothing listens any more that has served before', () => {
    expect(look({ message: REFUSED })).toMatchObject({
      cause: 'unresponsive',
      summary: expect.stringContaining('nothing listens on its port any more'),
    });
  });

  test('is unresponsive where it has served and says itself that it no longer can', () => {
    const message = 'Readiness probe failed: HTTP probe failed with statuscode: 503';
    expect(look({ message, reach: [asked('answered', 503)] })).toMatchObject({
      cause: 'unresponsive',
      summary: expect.stringContaining(
        'its readiness probe GET :8080/ready is answered with status 503, and so is a GET through the API server (status 503)',
      ),
    });
    expect(look({ message })?.cause).toBe('unresponsive');
  });

  test('is unresponsive where only the GET says so: a probe that asks something else is fine with it', () => {
    const ready = hanging(
      { ready: true, conditions: [{ type: 'Ready', status: 'True', since: ago(3500) }] },
      { ready: true },
    );
    const tcp = workload({ probes: { readiness: { tcpSocket: { port: 8080 } } } });
    const found = classify(evidence({ workload: tcp, pods: [ready], reach: [asked('silent')] }));
    expect(found[0]).toMatchObject({
      cause: 'unresponsive',
      pod: 'agent-bruno-1',
      summary: expect.stringMatching(
        /agent-bruno is ready, but does not answer GET :8080\/ready .*no answer within 5 s/,
      ),
    });
    expect(judgeHealth(evidence({ workload: tcp, pods: [ready], reach: [asked('silent')] })).healthy).toBe(false);
  });

  test('is unresponsive too where its liveness probe fails as well and the kubelet has not ended it yet', () => {
    const liveness = unhealthy(LATE.replace('Readiness', 'Liveness'));
    expect(look({ events: [unhealthy(LATE), liveness] })?.cause).toBe('unresponsive');
  });

  test('only follows from a dependency that is down', () => {
    const down = dependency({ podsReady: 0, endpointsReady: 0, notReady: ['redis-0 CrashLoopBackOff'] });
    const found = classify(
      evidence({ workload: probed, pods: [hanging()], events: [unhealthy(LATE)], dependencies: [down] }),
    );
    expect(found.map(({ cause, root }) => [cause, root])).toEqual([
      ['redis-connection-failure', true],
      ['unresponsive', false],
    ]);
  });
});

describe('is not what is called unresponsive', () => {
  const never = hanging({ conditions: [{ type: 'Ready', status: 'False', since: ago(3604) }] });

  test('an error status since the start', () => {
    const message = 'Readiness probe failed: HTTP probe failed with statuscode: 503';
    expect(look({ pods: [never], message, reach: [asked('answered', 503)] })?.cause).toBe('readiness-probe-failure');
  });

  test('a wrong path', () => {
    const message = 'Readiness probe failed: HTTP probe failed with statuscode: 404';
    expect(look({ message, reach: [asked('answered', 404)] })?.cause).toBe('readiness-probe-failure');
  });

  test('a program that answers well, only later than its probe waits', () => {
    expect(look({ reach: [asked('answered', 200)] })?.cause).toBe('readiness-probe-failure');
  });

  test('a port where nothing ever listened', () => {
    expect(look({ pods: [never], message: REFUSED })?.cause).toBe('readiness-probe-failure');
  });

  test('a program that only starts', () => {
    const starting = hanging(
      { createdAt: ago(8), conditions: [{ type: 'Ready', status: 'False', since: ago(8) }] },
      { state: { kind: 'running', startedAt: ago(6) } },
    );
    expect(look({ pods: [starting] })).toBeUndefined();
  });

  test('a program that was ended for its liveness probe', () => {
    const killing: EventEvidence = {
      ...unhealthy('Container agent-bruno failed liveness probe, will be restarted', 2),
      reason: 'Killing',
    };
    expect(look({ events: [unhealthy(LATE.replace('Readiness', 'Liveness')), killing] })?.cause).toBe(
      'liveness-probe-failure',
    );
  });

  test('a program that ended by itself a moment ago', () => {
    const crashed = hanging(
      { conditions: [{ type: 'Ready', status: 'False', since: ago(120) }] },
      { ...ended(1, 'KeyError: "REDIS_URL"'), restarts: 1, state: { kind: 'running', startedAt: ago(30) } },
    );
    expect(look({ pods: [crashed] })?.cause).not.toBe('unresponsive');
  });

  test('a ready program whose own readiness probe is answered: the way from the API server is at fault', () => {
    const ready = hanging({ ready: true, conditions: [] }, { ready: true });
    expect(look({ pods: [ready], events: [], reach: [asked('silent')] })).toBeUndefined();
  });
});

describe('a workload of which some pods are ready', () => {
  const well = (name: string): PodEvidence =>
    hanging({ name, uid: name, ready: true, conditions: [] }, { ready: true });

  test('is called degraded, in its state and in the finding', () => {
    const parts = {
      workload: workload({ probes: { readiness: READINESS } }, { desired: 3 }),
      pods: [hanging(), well('b'), well('c')],
      events: [unhealthy(LATE)],
    };
    const { state, findings } = judgeHealth(evidence(parts));
    expect(state).toContain('degraded, 2 of 3 pods ready');
    expect(findings[0]?.summary).toContain('Degraded: 2 of 3 pods are ready.');
  });
});

describe('a Service that leads astray', () => {
  test('is found where its pods answer and it does not', () => {
    const ready = hanging({ ready: true, conditions: [] }, { ready: true });
    const through: ReachEvidence = {
      through: 'service',
      name: 'agent-bruno-service',
      port: 80,
      path: '/ready',
      state: 'closed',
      saw: 'connect: connection refused',
    };
    expect(look({ pods: [ready], events: [], reach: [asked('answered', 200), through] })).toMatchObject({
      cause: 'service-without-endpoints',
      subject: 'agent-bruno-service',
      summary: expect.stringContaining('though a GET of pod agent-bruno-1:8080 is answered'),
    });
  });
});
