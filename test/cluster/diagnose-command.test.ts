import { needs, provided } from '../needs.ts';

needs('cluster');

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { z } from 'zod';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { kintsugi } from '../cli/command.ts';
import { BROKEN } from './broken/cases.ts';
import { expectTold } from './broken/told.ts';
import { app, type Broken, python } from './broken/workloads.ts';
import { type BrokenWorld, breakAll, lookAt } from './broken/world.ts';
import { crashRunbook, createCrashingApp } from './crashing-app.ts';
import { createCredential, LEAKS, LEAKY_ENV, LEAKY_PROGRAM } from './leaky-app.ts';
import { until } from './until.ts';

/** One of each family; `test/all/diagnose-causes.test.ts` has all. */
const FAMILIES = new Set([
  'no-pull-secret',
  'key-misspelt',
  'not-executable',
  'wrong-label',
  'no-such-class',
  'service-selector',
  'liveness-500',
  'sidecar-memory',
  'api-refuses',
  'job-gives-up',
  'quota',
]);

const OWN: readonly Broken[] = [
  { name: 'well', make: app('well'), cause: 'none', says: [] },
  {
    name: 'leaky',
    make: async (client, namespace) => {
      await createCredential(client, namespace);
      await app('leaky', python(LEAKY_PROGRAM, { env: LEAKY_ENV }))(client, namespace);
    },
    cause: 'configuration-error',
    says: ['REQUIRED_SETTING'],
  },
];

const kubeconfig = provided('cluster');
const kubernetes = connectKubernetes({ kubeconfig });
const chosen = BROKEN.filter(({ name }) => FAMILIES.has(name));
let world: BrokenWorld;
let namespace = '';

const named = (name: string): Broken => {
  const found = [...OWN, ...chosen].find((broken) => broken.name === name);
  if (found === undefined) throw new Error(`there is no case ${name}`);
  return found;
};
/** The command as a person runs it: with a kubeconfig and nothing else. */
const diagnose = (target: string, ...flags: string[]) =>
  kintsugi(['diagnose', `${namespace}/${target}`, ...flags], { KUBECONFIG: kubeconfig });

beforeAll(async () => {
  world = await breakAll(kubernetes, [...OWN, ...chosen]);
  namespace = world.namespaceOf(named('well'));
}, 180_000);

afterAll(async () => {
  await world.end();
});

test.each(chosen)(
  '$name is $cause',
  async (broken) => {
    await expectTold(world, broken);
  },
  120_000,
);

/** contracts.md, "CLI". */
const answerShape = z.object({
  target: z.object({ namespace: z.string(), kind: z.string(), name: z.string() }),
  healthy: z.boolean(),
  findings: z.array(
    z.object({ cause: z.string(), key: z.string(), summary: z.string(), quotes: z.array(z.object({})) }),
  ),
  evidence: z.object({ v: z.literal(1), pods: z.array(z.object({})) }),
  plans: z.array(z.object({ action: z.string() })),
  checklist: z.array(z.object({ id: z.string(), state: z.enum(['done', 'found', 'not-possible']), saw: z.string() })),
});

describe('the command', () => {
  test('answers for a broken workload with exit code 1 and all of the contract', async () => {
    await world.seen(named('key-misspelt'));
    const { exitCode, stdout } = await diagnose('deployment/key-misspelt', '--json');
    const answer = answerShape.parse(JSON.parse(stdout));
    expect(exitCode).toBe(1);
    expect(answer).toMatchObject({ healthy: false, plans: [], target: { namespace, kind: 'Deployment' } });
    expect(answer.findings[0]).toMatchObject({ cause: 'missing-config-reference' });
    expect(answer.checklist.find(({ id }) => id === 'references')).toMatchObject({ state: 'found' });
  }, 120_000);

  test('tells a person the state in the first line, then why with quotes', async () => {
    const { stdout } = await diagnose('deploy/key-misspelt');
    expect(stdout.split('\n')[0]).toBe(`NOT HEALTHY  ${namespace}/deployment/key-misspelt: 0 of 1 pods ready`);
    expect(stdout).toMatch(
      /1\. missing-config-reference.*\n.*Did you mean LOG_LEVEL\?\n.* > key-misspelt-\S+ app state:/,
    );
  }, 60_000);

  test('answers for a healthy workload with exit code 0', async () => {
    await until('well to be ready', async () =>
      (await lookAt(kubernetes, named('well'), namespace)).evidence.pods.every(({ ready }) => ready),
    );
    const { exitCode, stdout } = await diagnose('deployment/well');
    expect(stdout.split('\n')[0]).toBe(`HEALTHY  ${namespace}/deployment/well: 1 of 1 pods ready`);
    expect(exitCode).toBe(0);
  }, 120_000);

  test('names the owner of a pod', async () => {
    const pods = await kubernetes.core.listNamespacedPod({ namespace, labelSelector: 'app=well' });
    const { stdout } = await diagnose(`pod/${pods.items[0]?.metadata?.name}`);
    expect(stdout).toContain('of ReplicaSet well-');
  }, 60_000);

  test('suggests the name that was perhaps meant', async () => {
    const { exitCode, stderr } = await diagnose('deployment/wel');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('did you mean well?');
  }, 60_000);

  test('plans the remedy of the runbook that declares the target, and changes nothing', async () => {
    const crashing = await createCrashingApp(kubernetes, namespace, 'app');
    const before = await kubernetes.apps.readNamespacedDeployment({ namespace, name: 'app' });
    const runbook = crashRunbook({
      name: 'app-crash-loop',
      namespace,
      alert: 'AppCrashLoops',
      target: 'app',
      deadline: '15m',
    });
    const folder = mkdtempSync(join(tmpdir(), 'diagnose-'));
    writeFileSync(join(folder, 'app-crash-loop.yaml'), stringify(runbook));
    try {
      const { exitCode, stdout } = await kintsugi(['diagnose', `${namespace}/deployment/${crashing.name}`, '--json'], {
        KUBECONFIG: kubeconfig,
        KINTSUGI_RUNBOOKS: folder,
      });
      const answer = answerShape.parse(JSON.parse(stdout));
      expect(exitCode).toBe(1);
      expect(answer.findings[0]).toMatchObject({ cause: 'oom-killed' });
      expect(answer.plans).toMatchObject([{ action: 'set-resources' }, { action: 'wait-ready' }]);
      expect(answer.checklist).toEqual([]);
      const after = await kubernetes.apps.readNamespacedDeployment({ namespace, name: 'app' });
      expect(after.spec).toEqual(before.spec);
      expect(after.metadata?.annotations).toEqual(before.metadata?.annotations);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, 120_000);

  test('sees a rollout that has just begun as no illness', async () => {
    const slow = { readinessProbe: { exec: { command: ['false'] }, initialDelaySeconds: 60, periodSeconds: 10 } };
    await app('slow', slow)(kubernetes, namespace);
    await until('the pod of slow', async () => {
      const { items } = await kubernetes.core.listNamespacedPod({ namespace, labelSelector: 'app=slow' });
      return items.length > 0;
    });
    const { exitCode, stdout } = await diagnose('deployment/slow');
    expect(stdout.split('\n')[0]).toBe(
      `HEALTHY  ${namespace}/deployment/slow: 0 of 1 pods ready; on its way, nothing is wrong so far`,
    );
    expect(exitCode).toBe(0);
  }, 60_000);

  test('shows no secret, to people or as JSON', async () => {
    await world.seen(named('leaky'));
    const pods = await kubernetes.core.listNamespacedPod({ namespace, labelSelector: 'app=leaky' });
    const raw = await kubernetes.core.readNamespacedPodLog({ namespace, name: pods.items[0]?.metadata?.name ?? '' });
    for (const leak of LEAKS) expect(raw).toContain(leak);
    const texts = await Promise.all([diagnose('deployment/leaky'), diagnose('deployment/leaky', '--json')]);
    const shown = texts.map(({ stdout, stderr }) => stdout + stderr).join('\n');
    expect(shown).toContain('[cut:');
    expect(shown).toContain('REQUIRED_SETTING');
    for (const leak of LEAKS) expect(shown).not.toContain(leak);
  }, 120_000);
});
