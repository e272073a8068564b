import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { ActionContext } from '../../src/actions/action.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import { createArtifacts } from '../../src/artifacts/store.ts';
import { createExecutions, type Execution } from '../../src/executions/notes.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { execInPod } from '../../src/kubernetes/exec.ts';
import type { Json, Plan, Target } from '../../src/recovery/values.ts';
import { contextFor, planned } from '../actions/action-context.ts';
import { needs, provided } from '../needs.ts';
import { EXPORT, FILE, IMPORT, kosmosAgent, readAgentState, readyPod, talk } from './kosmos-agent.ts';
import { startLosingProxy } from './losing-proxy.ts';
import { createNamespace, deleteNamespace, readerKubeconfig } from './namespace.ts';
import { providePullableImage } from './pullable-image.ts';
import { until } from './until.ts';
import { createDeployment, idleImage } from './workloads.ts';

needs('cluster');

// Agents start, and programs run in them.
jest.setTimeout(120_000);

const kubeconfig = provided('cluster');
let kubernetes: Kubernetes;
let namespace: string;
let folder: string;
let agent: Target;

beforeAll(async () => {
  kubernetes = connectKubernetes({ kubeconfig });
  namespace = await createNamespace(kubernetes, 'state');
  folder = await mkdtemp(join(tmpdir(), 'kintsugi-state-'));
  await providePullableImage(kubernetes, namespace, 'kosmos-agent');
  agent = { namespace, kind: 'Deployment', name: 'agent' };
  await kubernetes.apps.createNamespacedDeployment({ namespace, body: kosmosAgent(agent) });
  await readyPod(kubernetes, agent);
});

afterAll(async () => {
  await deleteNamespace(kubernetes, namespace);
  await rm(folder, { recursive: true });
});

/** A recovery's steps only ever rise. */
let begin = 0;
beforeEach(() => {
  begin += 10;
});

/** The recovery's notes stand in the test's own namespace, its artifacts in a folder, encrypted. */
function context(over: Partial<ActionContext> = {}, target = agent): ActionContext {
  return contextFor(kubernetes, target, {
    executions: createExecutions({ kubernetes, namespace }),
    artifacts: createArtifacts({ folder, key: 'e5'.repeat(32) }),
    step: begin,
    ...over,
  });
}

const exporting = { command: EXPORT, output: FILE };
const importing = { command: IMPORT, input: FILE, save: exporting };

const EMPTY =
  "import sqlite3; c = sqlite3.connect('/data/conversations.db'); c.execute('DELETE FROM messages'); c.execute('DELETE FROM conversations'); c.commit()";

const planOf = (name: string, params: { [key: string]: Json }, over: Partial<ActionContext> = {}, target = agent) =>
  planned(context(over, target), name, params);

async function applied(plan: Plan, over: Partial<ActionContext> = {}, target = agent): Promise<string[]> {
  const done = await actionNamed(plan.action).apply(context(over, target), plan);
  return typeof done === 'string' ? [] : done.saw;
}

const undone = (plan: Plan, later = 1) => actionNamed(plan.action).revert(context({ step: begin + later }), plan);
const digestIn = (saw: string[]): string => /artifact ([0-9a-f]{64})/.exec(saw[0] ?? '')?.[1] ?? '';

async function fileInPod(): Promise<string> {
  const place = { namespace, pod: await readyPod(kubernetes, agent), container: 'app' };
  const { stdout } = await execInPod(kubernetes, { ...place, command: ['sh', '-c', 'ls /tmp'], timeoutMs: 10_000 });
  return stdout;
}

describe("an agent's conversations", () => {
  test('are exported, lost with their pod, imported into the new one, and equal', async () => {
    const before = await talk(kubernetes, agent, 'kintsugi');
    const saw = await applied(await planOf('export-state', exporting));
    expect(saw[0]).toMatch(/^exported from pod .*: artifact [0-9a-f]{64}, \d+ bytes, in [\d.]+ s$/);
    expect(saw[1]).toContain(before.sha256);
    expect(await fileInPod()).not.toContain('state.json');

    const lost = await readyPod(kubernetes, agent);
    await kubernetes.core.deleteNamespacedPod({ namespace, name: lost });
    await until('its successor', async () => (await readyPod(kubernetes, agent)) !== lost);
    expect((await readAgentState(kubernetes, agent)).conversations).toBe(0);

    const plan = await planOf('import-state', { ...importing, from: digestIn(saw) });
    await applied(plan);
    expect(await readAgentState(kubernetes, agent)).toEqual(before);
    expect(await fileInPod()).not.toContain('state.json');
  });

  test('that were imported are taken back to what was there before', async () => {
    const exported = digestIn(await applied(await planOf('export-state', exporting)));
    const former = await talk(kubernetes, agent, 'gold');
    const plan = await planOf('import-state', { ...importing, from: exported });
    await applied(plan);
    expect(await readAgentState(kubernetes, agent)).not.toEqual(former);
    expect(await undone(plan)).toMatchObject({ outcome: 'undone' });
    expect(await readAgentState(kubernetes, agent)).toEqual(former);
    expect(await undone(plan)).toMatchObject({ outcome: 'undone' });
    expect(await undone(plan, 2)).toMatchObject({ outcome: 'not-needed' });
  });

  test('stay as they were when an import fails', async () => {
    const former = await talk(kubernetes, agent, 'lacquer');
    const { sha256 } = await context().artifacts.put('{"format": "something else"}');
    const plan = await planOf('import-state', { ...importing, from: sha256 });
    await expect(applied(plan)).rejects.toMatchObject({
      code: 'refused',
      retryable: false,
      message: expect.stringContaining('no file of conversations'),
    });
    expect(await actionNamed('import-state').hasWritten?.(context(), plan)).toBe(true);
    expect(await undone(plan)).toMatchObject({ outcome: 'undone', saw: expect.stringContaining('the former one') });
    expect(await readAgentState(kubernetes, agent)).toEqual(former);
  });

  test('are put back when an import that fails has changed them', async () => {
    const former = await talk(kubernetes, agent, 'urushi');
    const { sha256 } = await context().artifacts.put('{}');
    // It fails for what was to be imported, having emptied what was there.
    const harmful = `grep -q conversations ${FILE} && exec ${IMPORT.join(' ')}; python -c "${EMPTY}"; exit 1`;
    const plan = await planOf('import-state', { ...importing, command: ['sh', '-c', harmful], from: sha256 });
    await expect(applied(plan)).rejects.toMatchObject({ code: 'refused' });
    expect((await readAgentState(kubernetes, agent)).conversations).toBe(0);
    expect(await undone(plan)).toMatchObject({ outcome: 'undone' });
    expect(await readAgentState(kubernetes, agent)).toEqual(former);
  });

  test('are imported once, however often it is applied', async () => {
    const from = digestIn(await applied(await planOf('export-state', exporting)));
    const counting = ['sh', '-c', `echo run >> /tmp/runs; exec ${IMPORT.join(' ')}`];
    const plan = await planOf('import-state', { ...importing, command: counting, from });
    const first = await applied(plan);
    expect(await applied(plan)).toEqual(first);
    expect(await applied(plan, { step: begin + 1 })).toEqual(first);
    const place = { namespace, pod: await readyPod(kubernetes, agent), container: 'app' };
    const { stdout } = await execInPod(kubernetes, { ...place, command: ['cat', '/tmp/runs'], timeoutMs: 10_000 });
    expect(stdout).toBe('run\n');
  });
});

describe('what cannot be exported', () => {
  const fails = async (params: { [key: string]: Json }, target = agent) =>
    applied(await planOf('export-state', { ...exporting, ...params }, {}, target), {}, target);

  test('since the program hangs is given up in time, and said to run on', async () => {
    await expect(fails({ command: ['sleep', '20'], timeout: '2s' })).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining('it may still run'),
    });
  });

  test('since the program fails is told by its own words', async () => {
    await expect(fails({ command: ['python', '-m', 'kosmos.tools.nothing'] })).rejects.toMatchObject({
      message: expect.stringContaining('No module named kosmos.tools.nothing'),
    });
  });

  test('since the image has no such program is said to be that', async () => {
    await expect(fails({ command: ['export-all'] })).rejects.toMatchObject({
      message: expect.stringContaining('export-all is not in the image'),
    });
  });

  test('since the file is too large leaves nothing, here and there', async () => {
    await expect(fails({ limit: '100' })).rejects.toMatchObject({ message: expect.stringContaining('too large') });
    expect(await fileInPod()).not.toContain('state.json');
  });

  test('since the container ends in between is told as that', async () => {
    await expect(fails({ command: ['sh', '-c', 'kill 1; sleep 20'] })).rejects.toMatchObject({
      message: expect.stringContaining('the container ended in between'),
    });
    await readyPod(kubernetes, agent);
  });

  test('since it is not allowed says which right is missing', async () => {
    const path = join(folder, 'reader');
    await writeFile(path, await readerKubeconfig(kubernetes, namespace));
    const plan = await planOf('export-state', exporting);
    const reader = { kubernetes: connectKubernetes({ kubeconfig: path }) };
    await expect(applied(plan, reader)).rejects.toMatchObject({ message: expect.stringContaining('not allowed') });
  });

  test('since nothing runs is not possible, and says how it stands', async () => {
    const broken = { namespace, kind: 'Deployment', name: 'broken' };
    await createDeployment(kubernetes, broken, await idleImage(kubernetes), true);
    const { refusal } = await planOf('export-state', exporting, {}, broken);
    expect(refusal).toMatchObject({ code: 'not-possible', reason: expect.stringContaining('does not run now') });
    await kubernetes.apps.deleteNamespacedDeployment({ namespace, name: broken.name });
  });

  test('since the image has neither shell nor tools is said to be that', async () => {
    const bare = { namespace, kind: 'Deployment', name: 'bare' };
    await createDeployment(kubernetes, bare, await idleImage(kubernetes), false);
    await readyPod(kubernetes, bare);
    await expect(fails({}, bare)).rejects.toMatchObject({
      message: expect.stringContaining('python is not in the image'),
    });
    const { sha256 } = await context().artifacts.put('{}');
    const plan = await planOf('import-state', { ...importing, from: sha256 }, {}, bare);
    await expect(applied(plan, {}, bare)).rejects.toMatchObject({
      message: expect.stringMatching(/^nothing was imported: .*python is not in the image/),
    });
    await kubernetes.apps.deleteNamespacedDeployment({ namespace, name: bare.name });
  });
});

describe('a note of an execution', () => {
  const by = { step: 'r#1', attempt: 'a', begunAt: '2025-12-13T00:00:00Z' };
  const container = { namespace: 'n', pod: 'p', container: 'c', id: 'i' };
  const begun: Execution = { action: 'import-state', by, container };

  test('whose answer was lost is looked up, and written once', async () => {
    const proxy = await startLosingProxy(kubeconfig);
    try {
      const path = join(folder, 'proxy');
      await writeFile(path, proxy.kubeconfig);
      const through = createExecutions({ kubernetes: connectKubernetes({ kubeconfig: path }), namespace });
      proxy.lose = 1;
      const first = await through.write('lost', begun, null);
      expect(await through.read('lost')).toEqual(first);
      expect((await through.write('lost', { ...begun, takenBack: 'r#2' }, first)).note.takenBack).toBe('r#2');
    } finally {
      await proxy.close();
    }
  });

  test('follows only the one that was read', async () => {
    const executions = createExecutions({ kubernetes, namespace });
    const first = await executions.write('strict', begun, null);
    const other = { ...begun, by: { ...by, attempt: 'b' } };
    await expect(executions.write('strict', other, null)).rejects.toMatchObject({ code: 'refused', retryable: false });
    await executions.write('strict', { ...begun, startedAt: by.begunAt }, first);
    await expect(executions.write('strict', { ...begun, takenBack: 'r#2' }, first)).rejects.toMatchObject({
      code: 'refused',
    });
  });
});
