import { needs, provided } from '../needs.ts';

needs('cluster');

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { V1Container, V1Deployment } from '@kubernetes/client-node';
import { type Artifacts, createArtifacts } from '../../src/artifacts/store.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import type { Classification, Diagnosis, RunbookContent } from '../../src/recovery/activities.ts';
import { runbookOf } from '../runbook/agent-bruno.ts';
import { diagnoseOnce } from './diagnosing.ts';
import { createCredential, LEAKS, LEAKY_ENV, LEAKY_PROGRAM } from './leaky-app.ts';
import { createNamespace, deleteNamespace } from './namespace.ts';
import { provideServingApp, servingApp } from './serving-app.ts';
import { until } from './until.ts';

const kubernetes = connectKubernetes({ kubeconfig: provided('cluster') });

let namespace = '';
let folder = '';
let artifacts: Artifacts;
let runbook: RunbookContent;

beforeAll(async () => {
  namespace = await createNamespace(kubernetes, 'diagnosis');
  folder = mkdtempSync(join(tmpdir(), 'diagnosis-'));
  artifacts = createArtifacts({ folder });
  const { metadata, spec } = runbookOf({ namespace, dependencies: [] });
  // The programs here are not Agent Bruno: that its variables are not set is no fault of theirs.
  runbook = { metadata, spec: { ...spec, variables: [] } };
  await provideServingApp(kubernetes, namespace);
}, 180_000);

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await deleteNamespace(kubernetes, namespace);
});

function look(name: string): Promise<{ diagnosis: Diagnosis; classification: Classification }> {
  return diagnoseOnce(kubernetes, { target: { namespace, kind: 'Deployment', name }, runbook, artifacts });
}

async function deploy(
  name: string,
  container: Partial<V1Container>,
  alter: (body: V1Deployment) => void = () => undefined,
): Promise<void> {
  const body = servingApp(namespace, name, container);
  alter(body);
  await kubernetes.apps.createNamespacedDeployment({ namespace, body });
}

/** Looks until the cause is seen: a container needs a moment to fail. */
async function causeOf(name: string, wanted: string): Promise<Classification['findings'][number] | undefined> {
  let first: Classification['findings'][number] | undefined;
  await until(`${wanted} of ${name}`, async () => {
    first = (await look(name)).classification.findings[0];
    return first?.cause === wanted;
  });
  return first;
}

const ALWAYS_READY = { exec: { command: ['true'] }, periodSeconds: 1 };

/** A program that is ready while it runs. */
const python = (program: string): Partial<V1Container> => ({
  command: ['python3', '-c', program],
  readinessProbe: ALWAYS_READY,
});

describe('what a real kubelet reports', () => {
  const CASES: [cause: string, subject: string | undefined, container: Partial<V1Container>][] = [
    ['configuration-error', 'APP_NAME', { env: [] }],
    ['oom-killed', undefined, python('x = [bytearray(64 << 20) for _ in range(40)]')],
    ['application-startup-failure', 'fastapi', python('import fastapi')],
    ['image-pull-failure', 'docker.io/library/nothing:here', { image: 'docker.io/library/nothing:here' }],
    ['missing-config-reference', 'Secret/nowhere', { envFrom: [{ secretRef: { name: 'nowhere' } }] }],
    ['command-not-found', 'no-such-program', { command: ['no-such-program'] }],
    ['completed', undefined, python('print("done")')],
    ['segmentation-fault', undefined, python('import ctypes; ctypes.string_at(0)')],
    ['unschedulable', 'memory', { resources: { requests: { memory: '4000Gi' } } }],
    [
      'liveness-probe-failure',
      ':8080/gone',
      { livenessProbe: { httpGet: { path: '/gone', port: 8080 }, periodSeconds: 1, failureThreshold: 1 } },
    ],
    [
      'readiness-probe-failure',
      ':8080/gone',
      { readinessProbe: { httpGet: { path: '/gone', port: 8080 }, periodSeconds: 1 } },
    ],
  ];
  test.each(CASES)(
    '%s (%s)',
    async (cause, subject, container) => {
      const name = `a-${cause}`.slice(0, 40);
      await deploy(name, container);
      const finding = await causeOf(name, cause);
      expect(finding?.subject).toBe(subject);
      const { diagnosis, classification } = await look(name);
      expect(diagnosis.healthy).toBe(false);
      expect(classification.checklist).toHaveLength(runbook.spec.checklist.length);
      await kubernetes.apps.deleteNamespacedDeployment({ namespace, name });
    },
    90_000,
  );

  test('an init container that fails', async () => {
    await deploy('init', {}, (body) => {
      const spec = body.spec?.template.spec;
      const main = spec?.containers[0];
      if (spec === undefined || main === undefined) return;
      const { readinessProbe: _, ...own } = main;
      spec.initContainers = [{ ...own, name: 'wait', command: ['python3', '-c', 'raise SystemExit(4)'] }];
    });
    expect(await causeOf('init', 'init-container-failure')).toMatchObject({ container: 'wait' });
  }, 90_000);
});

describe('secrets', () => {
  test('stand in the raw log and the cluster, and nowhere in what leaves the activities', async () => {
    await createCredential(kubernetes, namespace);
    await deploy('leaky', { ...python(LEAKY_PROGRAM), env: LEAKY_ENV });
    const finding = await causeOf('leaky', 'configuration-error');
    expect(finding?.subject).toBe('REQUIRED_SETTING');

    const raw = await rawLog('leaky');
    for (const leak of LEAKS) expect(raw).toContain(leak);
    const { diagnosis, classification } = await look('leaky');
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(0);
    const kept = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')).join('\n');
    const left = [JSON.stringify(diagnosis), JSON.stringify(classification), kept].join('\n');
    for (const leak of LEAKS) expect(left).not.toContain(leak);
    expect(left).toContain('[cut:');
    expect(left).toContain('Secret/credential:value');
  }, 90_000);

  async function rawLog(app: string): Promise<string> {
    const pods = await kubernetes.core.listNamespacedPod({ namespace, labelSelector: `app=${app}` });
    const name = pods.items[0]?.metadata?.name ?? '';
    let text = '';
    await until(`the log of ${name}`, async () => {
      text = await kubernetes.core.readNamespacedPodLog({ namespace, name });
      return text.includes('END PRIVATE KEY');
    });
    return text;
  }
});

describe('a healthy target', () => {
  test('has no finding, and is not called healthy before its window has passed', async () => {
    await deploy('well', {});
    await until('it is ready', async () => (await look('well')).diagnosis.measure.ready === 1);
    const { diagnosis, classification } = await look('well');
    expect(classification.findings).toEqual([]);
    expect(diagnosis).toMatchObject({ healthy: false, measure: { desired: 1, ready: 1 } });
    expect(diagnosis.saw).toContain('needed');
  }, 90_000);

  test('a target that is gone is an error that names it', async () => {
    await expect(look('gone')).rejects.toMatchObject({ type: 'not-found' });
  });
});
