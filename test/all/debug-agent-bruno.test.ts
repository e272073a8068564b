import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readState } from '../../dev/cluster/state.ts';
import { IMAGE_NAMES, IMAGES } from '../../dev/images/catalogue.ts';
import { provideImages } from '../../dev/images/provide.ts';
import { deployAgentBruno, removeAgentBruno } from '../../dev/workloads/deploy.ts';
import { applyFault } from '../../dev/workloads/faults/registry.ts';
import { namespacesWithSuffix } from '../../dev/workloads/namespaces.ts';
import { renderRunbooks } from '../../dev/world/runbooks.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import { createSecrets } from '../../src/actions/write/secrets.ts';
import { createRedactor } from '../../src/diagnosis/redaction.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { loadRunbook } from '../../src/runbook/load.ts';
import { contextFor, planned } from '../actions/action-context.ts';
import { until } from '../cluster/until.ts';
import { podsOf } from '../cluster/workloads.ts';
import { needs, provided } from '../needs.ts';

needs('cluster');

// The whole of agent-bruno's world is deployed, and left to crash.
jest.setTimeout(300_000);

const kubernetes = connectKubernetes({ kubeconfig: provided('cluster') });
const registry = readState()?.access?.registry;
const namespaces = namespacesWithSuffix(`debug-${randomBytes(3).toString('hex')}`);
const target = { namespace: namespaces.bruno, kind: 'Deployment', name: 'agent-bruno' };
const silent = () => undefined;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kintsugi-debug-'));
  await provideImages({ registry }, IMAGE_NAMES, silent);
  await deployAgentBruno(kubernetes, { namespaces, registry, progress: silent });
  await applyFault('configuration', { kube: kubernetes, namespaces, progress: silent });
});

afterAll(async () => {
  await removeAgentBruno(kubernetes, { namespaces });
  rmSync(folder, { recursive: true });
});

test('a debug session beside the crashing agent-bruno reaches Redis, MongoDB and Ollama by name, port and HTTP', async () => {
  await until('it to crash', async () => {
    const statuses = (await podsOf(kubernetes, target)).flatMap(({ status }) => status?.containerStatuses ?? []);
    return statuses.some(({ restartCount }) => restartCount > 0);
  });
  const { runbook } = await loadRunbook(renderRunbooks(folder, namespaces), 'agent-bruno-pod-crash-loop');
  const secrets = createSecrets('a key for tests', createRedactor({ key: 'a key for tests' }).redact);
  const context = contextFor(kubernetes, target, { runbook, secrets, ordered: true });
  const action = actionNamed('debug-session');
  const plan = await planned(context, 'debug-session', { image: IMAGES.busybox.reference, duration: '300s' });
  const done = await action.apply(context, plan);
  const saw = typeof done === 'string' ? [] : done.saw;
  const at = (name: string, port: number) => `${name} \\(\\S+:${port}\\): the name resolves to [\\d.]+; TCP is open`;
  expect(saw[1]).toMatch(new RegExp(`^${at('redis', 6379)}$`));
  expect(saw[2]).toMatch(new RegExp(`^${at('mongodb', 27017)}$`));
  expect(saw[3]).toMatch(new RegExp(`^${at('ollama', 11434)}; GET /api/version answers`));
  expect(saw[4]).toMatch(/^environment: .*\bPORT=8080\b/);
  // What the fault is: the very thing that a person would look for.
  expect(saw[5]).toBe('required variables: SESSION_TTL does not match ^[0-9]+$');
  expect(await action.revert({ ...context, step: 9 }, plan)).toEqual({ outcome: 'undone' });
  await until('nothing of it to be left', async () => {
    const labelSelector = 'kintsugi.dev/debug-session';
    const { items } = await kubernetes.core.listNamespacedPod({ namespace: namespaces.bruno, labelSelector });
    return items.length === 0;
  });
});
