import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { classify } from '../../src/diagnosis/classify.ts';
import type { Evidence } from '../../src/diagnosis/evidence.ts';
import { takePrevention } from '../../src/diagnosis/prevention.ts';
import { runbookSchema } from '../../src/runbook/schema.ts';
import { dependency, ended, evidence, killedByLiveness, MODULE_MISSING, pod } from './evidence.ts';
import { workload } from './workload.ts';

const path = new URL('../../runbooks/agent-bruno-pod-crash-loop.yaml', import.meta.url);
const { spec } = runbookSchema.parse(parse(readFileSync(path, 'utf8')));
const taken = (seen: Evidence) => takePrevention(seen, classify(seen), spec);
const REFUSED =
  'redis.exceptions.ConnectionError: Error 111 connecting to redis-master.redis:6379. Connection refused.\n';

describe('prevention', () => {
  test('of a connection that failed tells of retries, init containers and the dependencies as they were seen', () => {
    const end = {
      kind: 'terminated' as const,
      reason: 'Error',
      exitCode: 1,
      startedAt: '2026-01-01T00:00:00Z',
      finishedAt: '2026-01-01T00:00:03Z',
    };
    const seen = evidence({
      workload: workload({}),
      pods: [pod({ lastState: end, logs: { previous: { text: REFUSED, cut: false } } })],
      dependencies: [dependency({ podsReady: 0 })],
    });
    expect(taken(seen)).toEqual([
      'Implement retry logic for external dependencies: no retry is seen in the log; it ended 3 s after its start',
      'Use init containers to wait for dependencies: the pod has none',
      expect.stringContaining(
        'Make external connections non-blocking on startup: the start ended after 3 s with "redis.exceptions',
      ),
      expect.stringContaining('Verify all dependencies are available: redis in redis: 0 of 1 pods ready'),
    ]);
  });

  test('of a limit that was reached tells limits and autoscaler, and what is not read', () => {
    const seen = evidence({ workload: workload({}), pods: [pod(ended(137, '', 'OOMKilled'))] });
    expect(taken(seen)).toEqual([
      expect.stringContaining('Set appropriate memory limits: agent-bruno: requests memory 256Mi; limits memory 1Gi'),
      expect.stringContaining('Monitor resource usage trends: its use over time is not read here'),
      'Use HPA for scaling: there is no HPA for it',
      expect.stringContaining('Test with realistic resource limits: production has agent-bruno'),
    ]);
  });

  test('of probes tells their timing, and whether they ask the same', () => {
    const probe = { httpGet: { path: '/health', port: 8080 } };
    const events = [
      {
        type: 'Warning',
        reason: 'Unhealthy',
        object: 'Pod/agent-bruno-1',
        message: 'Liveness probe failed: Get "http://10.0.0.1:8080/health": context deadline exceeded',
        count: 4,
      },
      { ...killedByLiveness, object: 'Pod/agent-bruno-1' },
    ];
    const seen = evidence({
      workload: workload({ probes: { liveness: probe, readiness: probe } }),
      pods: [pod(ended(137))],
      events,
    });
    expect(classify(seen)[0]?.cause).toBe('liveness-probe-failure');
    expect(taken(seen)).toEqual([
      expect.stringContaining('Set appropriate probe timing: agent-bruno: liveness GET /health:8080'),
      'Separate liveness from readiness checks: both ask /health at 8080',
      "Don't include slow operations in health checks: 4 probes were answered too late",
    ]);
  });

  test('of a configuration tells whether the log names what is wrong', () => {
    const seen = evidence({ workload: workload({}), pods: [pod(ended(1, "KeyError: 'MONGODB_URL'\n"))] });
    const [validates, clear, library] = taken(seen);
    expect(validates).toContain('the log names what is wrong; 7 variables are checked by the runbook');
    expect(clear).toContain('the log says "KeyError: \'MONGODB_URL\'"');
    expect(library).toBe('Use configuration validation library: none is seen in the log');
  });

  test('that no machine can see says so, and every written point has its answer', () => {
    const seen = evidence({ pods: [pod(ended(1, MODULE_MISSING))] });
    expect(taken(seen)).toContain('Implement integration tests: not to be seen from outside of the program');
    for (const { prevention } of spec.causes)
      for (const point of prevention) expect(spec.prevention.flatMap(({ points }) => points)).toContain(point);
  });

  test('of no finding, or of a cause without points, is none', () => {
    expect(taken(evidence())).toEqual([]);
  });
});
