import { describe, expect, test } from '@jest/globals';
import { classify } from '../../src/diagnosis/classify.ts';
import type { ReferencedObject } from '../../src/diagnosis/collect/references.ts';
import { judgeVariables } from '../../src/diagnosis/collect/variables.ts';
import type { VariableEvidence } from '../../src/diagnosis/evidence/workload.ts';
import { toWorkload } from '../../src/kubernetes/workloads.ts';
import { runbookOf } from '../runbook/agent-bruno.ts';
import { dependency, ended, evidence, pod } from './evidence.ts';

const secret: ReferencedObject = {
  evidence: { kind: 'Secret', name: 'app', found: true, optional: false, keys: [], missingKeys: [] },
  secrets: {},
  content: { REDIS_URL: 'redis://:p/a@redis:6379', MONGODB_URL: 'mongodb://m:27017' },
};
const unread: ReferencedObject = {
  evidence: { kind: 'ConfigMap', name: 'settings', found: 'unknown', optional: false, keys: [], missingKeys: [] },
  secrets: {},
  content: {},
};

/** The judgement of a container with this environment, by variable. */
function judged(container: object, objects: ReferencedObject[] = []): Record<string, string> {
  const runbook = runbookOf({ namespace: 'bruno', dependencies: [] });
  const workload = toWorkload('Deployment', {
    metadata: { name: 'agent-bruno', namespace: 'bruno', uid: 'u', resourceVersion: '1' },
    spec: {
      selector: {},
      template: { spec: { containers: [{ name: 'agent-bruno', ...JSON.parse(JSON.stringify(container)) }] } },
    },
  });
  const all = judgeVariables(workload, runbook, objects);
  expect(JSON.stringify(all)).not.toContain('p/a');
  return Object.fromEntries(all.map(({ name, state }) => [name, state]));
}

describe("the runbook's variables, as the container gets them", () => {
  test('are right, missing, empty or wrong', () => {
    const env = [
      { name: 'REDIS_URL', value: 'redis://r:6379' },
      { name: 'OLLAMA_URL', value: '' },
      { name: 'PORT', value: '80a' },
      { name: 'LOG_LEVEL', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    ];
    expect(judged({ env })).toMatchObject({
      REDIS_URL: 'right',
      MONGODB_URL: 'missing',
      OLLAMA_URL: 'empty',
      PORT: 'wrong',
      LOG_LEVEL: 'right',
    });
  });

  test('are read in what is imported whole, and are unknown where that could not be read', () => {
    const envFrom = [{ secretRef: { name: 'app' } }];
    expect(judged({ envFrom }, [secret])).toMatchObject({ MONGODB_URL: 'right', PORT: 'missing' });
    const both = [...envFrom, { configMapRef: { name: 'settings' } }];
    expect(judged({ envFrom: both }, [secret, unread])).toMatchObject({ MONGODB_URL: 'right', PORT: 'unknown' });
  });

  test('are told for a password that is not escaped, and a port that is a Service’s address; others too', () => {
    const env = [
      { name: 'PORT', value: 'tcp://10.96.0.7:6379' },
      { name: 'CELERY_BROKER', value: 'redis://:p/a@r:6379' },
      { name: 'HARMLESS', value: 'anything' },
    ];
    const seen = judged({ env, envFrom: [{ secretRef: { name: 'app' } }] }, [secret]);
    expect(seen).toMatchObject({ PORT: 'service-link', REDIS_URL: 'unescaped', CELERY_BROKER: 'unescaped' });
    expect(seen).not.toHaveProperty('HARMLESS');
  });
});

const wrong = (parts: Partial<VariableEvidence>): VariableEvidence => ({
  name: 'REDIS_URL',
  container: 'agent-bruno',
  source: 'literal',
  state: 'wrong',
  ...parts,
});
const REFUSED = 'redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused.\n';

describe('a variable that is wrong', () => {
  const found = (log: string, variable: VariableEvidence) =>
    classify(evidence({ pods: [pod(ended(1, log))], dependencies: [dependency()], variables: [variable] }));

  test('is a finding although the log is silent', () => {
    const [first] = found('', wrong({ state: 'missing' }));
    expect(first).toMatchObject({ cause: 'configuration-error', subject: 'REDIS_URL', container: 'agent-bruno' });
    expect(first?.summary).toBe('REDIS_URL of container agent-bruno is not set, and the runbook needs it.');
    expect(first?.quotes.map(({ source }) => source)).toEqual(['container’s environment']);
  });

  test('explains the connection that its address leads astray, where the dependency is up', () => {
    const [first, second] = found(REFUSED, wrong({ pattern: '^redis://' }));
    expect(first).toMatchObject({ cause: 'configuration-error', subject: 'REDIS_URL', root: true });
    expect(second).toMatchObject({ cause: 'redis-connection-failure', root: false });
  });

  test('with an unescaped password says how to write it, and where it comes from', () => {
    const [first] = found(REFUSED, wrong({ state: 'unescaped', source: 'Secret/app:URL' }));
    expect(first?.summary).toContain('not percent-encoded (from Secret/app:URL)');
    expect(first?.summary).toContain('RFC 3986');
  });

  test('is told once with what the log says of it', () => {
    const all = found("KeyError: 'REDIS_URL'\n", wrong({ state: 'missing' }));
    expect(all.filter(({ subject }) => subject === 'REDIS_URL')).toHaveLength(1);
    expect(all[0]?.quotes.some(({ text }) => text.includes('KeyError'))).toBe(true);
  });

  test('does not outrank what the kubelet saw', () => {
    const killed = { lastState: { kind: 'terminated' as const, reason: 'OOMKilled', exitCode: 137 } };
    const [first] = classify(evidence({ pods: [pod(killed)], variables: [wrong({})] }));
    expect(first?.cause).toBe('oom-killed');
  });

  test('is no finding of a workload that is well', () => {
    expect(classify(evidence({ variables: [wrong({})] }))).toEqual([]);
  });

  test('is right, and Kubernetes injected a Service’s address: the mend is named', () => {
    const log = "ValueError: invalid literal for int() with base 10: 'tcp://172.30.138.62:6379'\n";
    const [first] = classify(evidence({ pods: [pod(ended(1, log))] }));
    expect(first?.cause).toBe('configuration-error');
    expect(first?.summary).toContain('enableServiceLinks: false');
  });
});
