import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { renderRunbooks } from '../../dev/world/runbooks.ts';
import { readPause } from '../../src/activities/pause.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { kintsugi, kintsugiJson } from '../cli/command.ts';
import { needs, provided } from '../needs.ts';
import { createNamespace, deleteNamespace } from './namespace.ts';

needs('cluster');

/** Temporal is away in this file: doctor looks at the rest all the same. */
const NO_TEMPORAL = { TEMPORAL_ADDRESS: '127.0.0.1:1' };

let kubernetes: Kubernetes;
/** Kintsugi's own namespace, and one for everything that the runbook is about. */
let home: string;
let place: string;
let folder: string;
let admin: Record<string, string>;
beforeAll(async () => {
  kubernetes = connectKubernetes({ kubeconfig: provided('cluster') });
  home = await createNamespace(kubernetes, 'kintsugi');
  place = await createNamespace(kubernetes, 'bruno');
  folder = mkdtempSync(join(tmpdir(), 'kintsugi-cli-cluster-'));
  const runbooks = renderRunbooks(folder, { bruno: place, redis: place, mongodb: place, ollama: place });
  admin = { KUBECONFIG: provided('cluster'), KINTSUGI_NAMESPACE: home, KINTSUGI_RUNBOOKS: runbooks, ...NO_TEMPORAL };
}, 60_000);
afterAll(async () => {
  rmSync(folder, { recursive: true });
  for (const namespace of [home, place]) await deleteNamespace(kubernetes, namespace);
}, 60_000);

const doctorSchema = z.object({
  ok: z.boolean(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), saw: z.string(), fix: z.string() })),
});

async function doctor(environment: Record<string, string>): Promise<(name: string) => { ok: boolean; saw: string }> {
  const { exitCode, answer } = await kintsugiJson(['doctor'], environment);
  const { ok, checks } = doctorSchema.parse(answer);
  expect({ exitCode, ok }).toEqual({ exitCode: 1, ok: false });
  return (name) => {
    const check = checks.find((candidate) => candidate.name === name);
    if (check === undefined)
      throw new Error(`doctor did not look at "${name}": ${checks.map((one) => one.name).join(', ')}`);
    return check;
  };
}

test('pause stops remedies with who and why, doctor shows it, and resume lets them go on', async () => {
  const stop = await kintsugiJson(['pause', '--actor', 'ana', '--reason', 'a release'], admin);
  expect(stop).toMatchObject({
    exitCode: 0,
    answer: { paused: true, actor: 'ana', reason: 'a release', namespace: home },
  });
  expect(await readPause({ kubernetes, namespace: home })).toMatchObject({ paused: true, actor: 'ana' });
  const check = await doctor(admin);
  expect(check('pause switch')).toMatchObject({ ok: false, saw: expect.stringContaining('paused by ana') });
  const { exitCode, stdout } = await kintsugi(['resume', '--actor', 'ana'], admin);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'resumed: remedies on default go on' });
  expect(await readPause({ kubernetes, namespace: home })).toEqual({ paused: false });
}, 120_000);

test('doctor finds that a target is not there, and that an administrator may do everything', async () => {
  const check = await doctor({ ...admin, KINTSUGI_MODE: 'approve' });
  expect(check('Kubernetes')).toMatchObject({ ok: true, saw: expect.stringMatching(/^v1\./) });
  expect(check(`look in ${place}`)).toMatchObject({ ok: true, saw: 'allowed' });
  expect(check(`act in ${place}`)).toMatchObject({ ok: true, saw: 'allowed' });
  expect(check(`own notes in ${home}`)).toMatchObject({ ok: true });
  expect(check('target of agent-bruno-pod-crash-loop')).toMatchObject({
    ok: false,
    saw: expect.stringContaining(`${place}/agent-bruno`),
  });
}, 120_000);

test('doctor names each permission that is missing, and which are not needed while only observing', async () => {
  // A token of a ServiceAccount without any role: it may ask what it may do, and nothing else.
  const request = { spec: { audiences: [], expirationSeconds: 600 } };
  const { status } = await kubernetes.core.createNamespacedServiceAccountToken({
    namespace: place,
    name: 'default',
    body: request,
  });
  const kubeconfig = join(folder, 'nobody.kubeconfig');
  writeKubeconfig(kubeconfig, status?.token ?? '');
  const observing = await doctor({ ...admin, KUBECONFIG: kubeconfig });
  expect(observing(`look in ${place}`)).toMatchObject({ ok: false, saw: expect.stringContaining('get pods/log') });
  expect(observing(`act in ${place}`)).toMatchObject({ ok: true, saw: expect.stringContaining('not needed') });
  const approving = await doctor({ ...admin, KUBECONFIG: kubeconfig, KINTSUGI_MODE: 'approve' });
  expect(approving(`act in ${place}`)).toMatchObject({
    ok: false,
    saw: expect.stringContaining('patch deployments.apps'),
  });
}, 120_000);

/** The same cluster with a bearer token in place of the administrator. */
function writeKubeconfig(file: string, token: string): void {
  const { config } = kubernetes;
  const own = new KubeConfig();
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig names no cluster');
  own.loadFromClusterAndUser(cluster, { name: 'nobody', token });
  writeFileSync(file, own.exportConfig());
}
