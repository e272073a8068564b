import { describe, expect, test } from '@jest/globals';
import { classify } from '../../src/diagnosis/classify.ts';
import type { ContainerEvidence, PodEvidence } from '../../src/diagnosis/evidence/pod.ts';
import type { WorkloadEvidence } from '../../src/diagnosis/evidence/workload.ts';
import type { Evidence } from '../../src/diagnosis/evidence.ts';
import { judgeHealth } from '../../src/diagnosis/health.ts';
import { ended, evidence, MODULE_MISSING, pod } from './evidence.ts';
import { workload as agentBruno, container } from './workload.ts';

/** The look is taken at midnight (`evidence`): what is young, and what is long past, is told from it. */

const before = (seconds: number): string =>
  new Date(Date.parse('2026-01-01T00:00:00.000Z') - seconds * 1000).toISOString();
const workload = (parts: Partial<WorkloadEvidence> = {}): WorkloadEvidence =>
  agentBruno({}, { desired: 3, updated: 3, unavailable: 0, containers: [], ...parts });
const well = (
  name: string,
  parts: Partial<PodEvidence> = {},
  container: Partial<ContainerEvidence> = {},
): PodEvidence =>
  pod(
    { restarts: 0, ready: true, started: true, state: { kind: 'running', startedAt: before(3600) }, ...container },
    { name, uid: name, ready: true, createdAt: before(3600), ...parts },
  );
const starting = (name: string, seconds: number): PodEvidence =>
  well(
    name,
    { ready: false, createdAt: before(seconds + 2) },
    { ready: false, state: { kind: 'running', startedAt: before(seconds) } },
  );
const look = (parts: Partial<Evidence>) => judgeHealth(evidence({ workload: workload(), ...parts }));

describe('one look', () => {
  test('is healthy where every pod that is wanted is ready', () => {
    expect(look({ pods: [well('a'), well('b'), well('c')] })).toMatchObject({
      healthy: true,
      findings: [],
      state: '3 of 3 pods ready',
    });
  });

  test('of one bad replica of three is not healthy, and names that pod', () => {
    const { healthy, state, findings } = look({ pods: [well('a'), well('b'), pod(ended(1, MODULE_MISSING))] });
    expect(healthy).toBe(false);
    expect(state).toContain('2 of 3 pods ready; agent-bruno was restarted 3 times, last end Error, exit code 1');
    expect(findings.map((found) => [found.pod, found.cause])).toEqual([
      ['agent-bruno-1', 'application-startup-failure'],
    ]);
  });

  test('at a rollout that has just begun sees no illness', () => {
    const pods = [well('a', { current: false }), well('b', { current: false }), starting('c', 5)];
    expect(look({ pods })).toMatchObject({ healthy: true, findings: [] });
    expect(look({ pods }).state).toContain('nothing is wrong so far');
  });

  test('at a rollout whose pod is not ready for long sees one', () => {
    const pods = [well('a', { current: false }), starting('c', 600)];
    expect(look({ pods }).healthy).toBe(false);
  });

  test('waits for a slow start as long as its probes do', () => {
    const slow = {
      name: 'agent-bruno',
      role: 'main' as const,
      image: '',
      command: [],
      args: [],
      env: [],
      resources: { requests: {}, limits: {} },
      probes: { startup: { httpGet: { port: 80 }, periodSeconds: 10, failureThreshold: 30 } },
      securityContext: {},
    };
    const pods = [starting('a', 200)];
    expect(look({ workload: workload({ desired: 1, containers: [slow] }), pods }).healthy).toBe(true);
    expect(look({ workload: workload({ desired: 1 }), pods }).healthy).toBe(false);
  });

  test('is never without a finding where it is not healthy', () => {
    const { healthy, findings } = look({ pods: [well('a')], missing: ['events: forbidden'] });
    expect(healthy).toBe(false);
    expect(findings).toMatchObject([{ cause: 'unknown' }]);
    expect(findings[0]?.summary).toContain('1 of 3 pods ready');
    expect(findings[0]?.summary).toContain('Not everything could be read');
  });

  test('sees a Job that is complete as healthy, whatever failed before', () => {
    const seen = look({
      workload: workload({
        conditions: [{ type: 'Complete', status: 'True' }],
        job: { name: 'j', active: 0, succeeded: 1, failed: 2, completions: 1, backoffLimit: 6, suspended: false },
      }),
      pods: [pod(ended(1, MODULE_MISSING), { phase: 'Failed' })],
    });
    expect(seen).toEqual({
      healthy: true,
      findings: [],
      state: expect.stringContaining('complete, 1 of 1 completions'),
    });
  });

  test('says of a bare pod that nobody makes it again, and of another whose it is', () => {
    const target = { namespace: 'a', kind: 'Pod', name: 'a' };
    expect(look({ target, pods: [well('a')], workload: workload({ desired: 1 }) }).state).toBe(
      'Running, ready, owned by nobody: it is not made again',
    );
    expect(look({ target, pods: [well('a')], workload: workload({ desired: 1, owner: 'Job j' }) }).state).toContain(
      'of Job j',
    );
  });
});

describe('what ended long ago', () => {
  const once = well(
    'a',
    {},
    { restarts: 1, lastState: { kind: 'terminated', reason: 'OOMKilled', exitCode: 137, finishedAt: before(3600) } },
  );

  test('is told, and is no illness', () => {
    const { healthy, findings } = look({ workload: workload({ desired: 1 }), pods: [once] });
    expect(healthy).toBe(true);
    expect(findings[0]?.cause).toBe('oom-killed');
  });

  test('does not outrank what is wrong now', () => {
    const found = classify(evidence({ workload: workload(), pods: [once, pod(ended(1, MODULE_MISSING))] }));
    expect(found.map(({ cause }) => cause)).toEqual(['application-startup-failure']);
  });
});

describe('pods of several containers', () => {
  const beside = (sidecar: Partial<ContainerEvidence>): PodEvidence => {
    const both = pod({ restarts: 0, ready: true, started: true, state: { kind: 'running', startedAt: before(3600) } });
    const [main] = both.containers;
    return main === undefined
      ? both
      : { ...both, containers: [main, { ...main, name: 'proxy', ready: false, restarts: 4, ...sidecar }] };
  };

  test('the sidecar that crashes is named, not the program beside it', () => {
    const [first] = look({ pods: [beside(ended(1, MODULE_MISSING))], workload: workload({ desired: 1 }) }).findings;
    expect(first).toMatchObject({ container: 'proxy', cause: 'application-startup-failure' });
  });

  test('the sidecar that is OOM-killed is named, not the program beside it', () => {
    const findings = look({ pods: [beside(ended(137, '', 'OOMKilled'))], workload: workload({ desired: 1 }) }).findings;
    expect(findings.map(({ container, cause }) => [container, cause])).toEqual([['proxy', 'oom-killed']]);
  });
});

test('a tag that moved is quoted: the pod in trouble runs another image than the one that is ready', () => {
  const healthy = well('a', {}, { digest: `sha256:${'a'.repeat(64)}` });
  const seen = look({ pods: [healthy, pod({ ...ended(1, MODULE_MISSING), digest: `sha256:${'b'.repeat(64)}` })] });
  expect(seen.findings[0]?.quotes.at(-1)?.text).toContain('sha256:bbbbbbbbbbbb here and sha256:aaaaaaaaaaaa');
});

describe('the command of the image and of the runbook', () => {
  const template = (imageCommand: { entrypoint: string[]; cmd: string[] }) =>
    workload({
      desired: 1,
      containers: [container({ imageCommand, declaredCommand: ['uvicorn', 'src.main:app'] })],
    });

  test('that differ are a point of a container that nothing else explains', () => {
    const seen = look({ workload: template({ entrypoint: ['python'], cmd: ['app.py'] }), pods: [pod(ended(1))] });
    expect(seen.findings.map(({ subject }) => subject)).toContain('command');
  });

  test('that are alike but for the path of the program are none', () => {
    const seen = look({
      workload: template({ entrypoint: ['/usr/local/bin/uvicorn'], cmd: ['src.main:app'] }),
      pods: [pod(ended(1))],
    });
    expect(seen.findings.map(({ subject }) => subject)).not.toContain('command');
  });
});
