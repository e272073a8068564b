import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { z } from 'zod';
import { readState } from '../../dev/cluster/state.ts';
import { provideImages } from '../../dev/images/provide.ts';
import { deployKosmos, removeKosmos } from '../../dev/workloads/deploy.ts';
import { execInPod } from '../../dev/workloads/exec.ts';
import { inAgent, sayTo } from '../../dev/workloads/faults/in-agent.ts';
import { applyFault } from '../../dev/workloads/faults/registry.ts';
import { namespacesWithSuffix } from '../../dev/workloads/namespaces.ts';
import { RUNTIME } from '../../dev/workloads/targets.ts';
import { waitFor } from '../../dev/workloads/wait.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { needs, provided } from '../needs.ts';

needs('cluster');

// The image may have to be built.
jest.setTimeout(240_000);

const kube = connectKubernetes({ kubeconfig: provided('cluster') });
const access = readState()?.access;
const namespaces = namespacesWithSuffix(`agent-${randomBytes(3).toString('hex')}`);
const namespace = namespaces.kosmos;
const silent = () => {};
const context = { kube, namespaces, progress: silent };

const stateSchema = z.object({ conversations: z.number(), messages: z.number(), sha256: z.string() });
const fileSchema = z.object({ version: z.literal(1), conversations: z.array(z.unknown()), sha256: z.string() });

const SERVICE = 'kosmos-agent-service:8000';
const EXPORT = 'python -m kosmos.tools.export_state --output';
const IMPORT = 'python -m kosmos.tools.import_state --input';

async function ask(path: string): Promise<unknown> {
  return kube.core.connectGetNamespacedServiceProxyWithPath({ name: SERVICE, namespace, path });
}

async function state() {
  return stateSchema.parse(await ask('state'));
}

/** Runs a script in the runtime's container; throws with what it said when it ends with another code than 0. */
async function run(script: string): Promise<string> {
  return inAgent(context, RUNTIME, { command: ['sh', '-ec', script] });
}

async function say(conversation: string, text: string): Promise<void> {
  await sayTo(context, RUNTIME, { port: 8000, messages: [{ conversation, text }] });
}

beforeAll(async () => {
  await provideImages({ registry: access?.registry }, ['kosmos-agent'], silent);
  const agents = ['kosmos-agent-runtime'] as const;
  await deployKosmos(kube, { namespaces, registry: access?.registry, agents, progress: silent });
  await say('invoice', 'how much is the fish');
  await say('journey', 'wann fährt der Zug nach Gößweinstein');
});

afterAll(async () => {
  await removeKosmos(kube, { namespaces });
});

describe('the tools for the state of an agent that runs', () => {
  test('say how they are used', async () => {
    expect(await run(`${EXPORT.split(' --')[0]} --help`)).toContain('--output FILE');
    expect(await run(`${IMPORT.split(' --')[0]} --help`)).toContain('--input FILE');
  });

  test('export what the agent says that it holds, in a file with a version and the same digest', async () => {
    const { conversations, sha256 } = await state();
    expect(conversations).toBe(2);
    await run(`${EXPORT} /tmp/state.json`);
    const file = fileSchema.parse(JSON.parse(await run('cat /tmp/state.json')));
    expect(file).toMatchObject({ version: 1, sha256 });
    expect(file.conversations).toHaveLength(2);
  });

  test('import it again, and the agent holds exactly that without a restart', async () => {
    const before = await state();
    await run(`${EXPORT} /tmp/kept.json`);
    await say('afterwards', 'this one goes');
    expect((await state()).sha256).not.toBe(before.sha256);
    await run(`${IMPORT} /tmp/kept.json`);
    expect(await state()).toEqual(before);
  });

  test.each([
    ['a truncated file', 'head -c 300 /tmp/kept.json', /no whole JSON file/],
    ['a file with another content than its digest says', "sed 's/fish/ship/' /tmp/kept.json", /does not hold what its/],
    ['a file of another version', `sed 's/"version": 1/"version": 2/' /tmp/kept.json`, /has version 2/],
    ['a file that is something else', 'echo {}', /no file of conversations/],
  ])('refuse %s and change nothing', async (_, command, said) => {
    const before = await state();
    await expect(run(`${command} > /tmp/bad.json; ${IMPORT} /tmp/bad.json`)).rejects.toThrow(said);
    expect(await state()).toEqual(before);
  });

  test('export nothing where there is nothing, and leave no file', async () => {
    await expect(run(`mkdir /tmp/empty; ${EXPORT} /tmp/none.json --data /tmp/empty`)).rejects.toThrow(/nothing was/);
    expect(await run('ls /tmp')).not.toContain('none.json');
  });
});

describe('an agent whose threads wait for each other', () => {
  let pod: string;
  let before: z.infer<typeof stateSchema>;

  beforeAll(async () => {
    before = await state();
    await applyFault('kosmos-deadlock', context);
    const { items } = await kube.core.listNamespacedPod({ namespace, labelSelector: RUNTIME.selector });
    pod = items.find(({ metadata }) => metadata?.deletionTimestamp === undefined)?.metadata?.name ?? '';
  });

  const get = (path: string) =>
    kube.core.connectGetNamespacedPodProxyWithPath({ namespace, name: `${pod}:8000`, path });
  const inPod = (command: string[]) =>
    execInPod(kube.config, { namespace, pod, container: RUNTIME.container, command });

  test('is alive and not ready, and is left running by the kubelet', async () => {
    expect(await get('health')).toMatchObject({ status: 'healthy' });
    await expect(get('ready')).rejects.toThrow(/answered 503/);
    await waitFor({ what: 'the kubelet to see it', seconds: 40 }, async () => {
      const { status } = await kube.core.readNamespacedPod({ namespace, name: pod });
      const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
      return ready === 'False' ? undefined : `Ready is ${ready}`;
    });
    const { status } = await kube.core.readNamespacedPod({ namespace, name: pod });
    expect(status?.containerStatuses?.[0]).toMatchObject({ restartCount: 0, state: { running: expect.anything() } });
  });

  test('shows py-spy both threads by their names, each where it waits', async () => {
    const threads = (await inPod(['py-spy', 'dump', '--pid', '1'])).split(/\n(?=Thread )/);
    const stackOf = (name: string) => threads.find((thread) => thread.includes(`"${name}"`));
    expect(stackOf('conversation-writer')).toMatch(
      /"conversation-writer"\n\s+ToolBox\.learn \(kosmos\/tool_box\.py:\d+\)/,
    );
    expect(stackOf('tool-runner')).toMatch(/"tool-runner"\n\s+Agent\.recall\.<locals>\.keep \(kosmos\/agent\.py:\d+\)/);
  });

  test('still has its state exported, all that was said before the threads stopped', async () => {
    await inPod(['sh', '-ec', `${EXPORT} /tmp/stuck.json`]);
    const file = fileSchema.parse(JSON.parse(await inPod(['cat', '/tmp/stuck.json'])));
    expect(file.conversations.length).toBeGreaterThan(before.conversations);
  });
});
