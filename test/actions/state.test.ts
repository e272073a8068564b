import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { V1Pod } from '@kubernetes/client-node';
import pino from 'pino';
import type { ActionContext } from '../../src/actions/action.ts';
import importState from '../../src/actions/import-state.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import { comparePlans } from '../../src/actions/plan/compare.ts';
import { chooseContainer } from '../../src/actions/state/container.ts';
import { applyExport, hasExported } from '../../src/actions/state/export.ts';
import { applyImport, hasImported } from '../../src/actions/state/import.ts';
import { revertImport } from '../../src/actions/state/undo-import.ts';
import { planRemedy } from '../../src/activities/remediate.ts';
import { KintsugiError } from '../../src/errors.ts';
import type { Execution } from '../../src/executions/notes.ts';
import type { ExecInPod } from '../../src/kubernetes/exec.ts';
import { performPatch } from '../../src/kubernetes/json-patch.ts';
import { readOwned } from '../../src/kubernetes/revisions.ts';
import type { Plan, Target } from '../../src/recovery/values.ts';
import { paths, targetRoutes } from '../activities/fake-target.ts';
import { type FakeApiServer, startApiServer } from '../checks/api-server.ts';
import { fakeContainer, missing, type Program } from '../kubernetes/fake-container.ts';
import { type PodShape, pod, waiting } from '../verification/objects.ts';
import { contextFor, noBuilds, planned, RECOVERY, runbookFor } from './action-context.ts';
import { memoryArtifacts, memoryBaselines, memoryExecutions } from './memory-stores.ts';

/** What a cluster cannot be made to do: workers that die between two lines, answers that are lost, programs that never answer. */

const target: Target = { namespace: 'test', kind: 'Deployment', name: 'app' };
const FILE = '/tmp/state.json';
const SAVE = { command: ['export'], output: FILE };

let server: FakeApiServer;
let shared: Pick<ActionContext, 'artifacts' | 'executions'>;
/** The state in the container, and the file with a state, as its programs see them. */
let state: string;
let file: Buffer | null;

beforeEach(async () => {
  [state, file] = ['former', null];
  shared = { artifacts: memoryArtifacts(), executions: memoryExecutions() };
  server = await startApiServer({});
  withPods([runningPod({ name: 'app-1', readyFor: 100 })]);
});
afterEach(() => server.close());

function runningPod(shape: PodShape, id = 'containerd://1'): V1Pod {
  const made = pod(shape);
  for (const status of made.status?.containerStatuses ?? []) status.containerID = id;
  return made;
}

function withPods(pods: V1Pod[]): void {
  const routes = targetRoutes(pods);
  let deployment = routes[paths.deployment];
  Object.assign(server.routes, routes, {
    [paths.deployment]: (request: { method: string; body: string }, response: import('node:http').ServerResponse) => {
      const operations = request.method === 'PATCH' ? JSON.parse(request.body) : [];
      deployment = performPatch(JSON.parse(JSON.stringify(deployment)), operations) as object;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(deployment));
    },
    ...Object.fromEntries(pods.map((made) => [`${paths.pods}/${made.metadata?.name}`, made])),
  });
}

function context(step = 5, over: Partial<ActionContext> = {}): ActionContext {
  return contextFor(server.kubernetes, target, { ...shared, step, ...over });
}

/** A container whose programs export and import `state`. */
const PROGRAMS: Record<string, Program> = {
  export: async () => {
    file = Buffer.from(state);
    return { output: Buffer.from('exported') };
  },
  import: async () => {
    state = file?.toString() ?? '';
    return { output: Buffer.from('imported') };
  },
  cat: async () => ({ output: file ?? Buffer.alloc(0) }),
  sh: async (_args, stdin) => {
    file = await stdin();
    return {};
  },
  rm: async () => {
    file = null;
    return {};
  },
};

function execWith(programs: Record<string, Program> = {}): ExecInPod & { ran: string[][] } {
  const container = fakeContainer({ ...PROGRAMS, ...programs });
  const exec: ExecInPod = (_kubernetes, request, streams) =>
    container.run(request.command, { timeoutMs: request.timeoutMs, ...streams });
  return Object.assign(exec, { ran: container.ran });
}

const runsOf = (exec: { ran: string[][] }, program: string) => exec.ran.filter(([name]) => name === program).length;

async function importPlan(content = 'wanted'): Promise<Plan> {
  const { sha256 } = await shared.artifacts.put(content);
  return planned(context(0), 'import-state', { from: sha256, command: ['import'], input: FILE, save: SAVE });
}

const exportPlan = () => planned(context(0), 'export-state', SAVE);

/** A worker that dies in a program: nothing that it would have done afterwards is done. */
const dies: Program = () => Promise.reject(new Error('the worker was killed'));
const fault =
  (code: 'timeout' | 'unavailable'): Program =>
  async () => {
    throw new KintsugiError(code, 'no answer', { where: 'exec', fix: 'none' });
  };

describe('an export', () => {
  test('that is not possible asks to go on without, where that is allowed', async () => {
    withPods([]);
    expect((await exportPlan()).refusal?.code).toBe('not-possible');
    const without = await planned(context(0), 'export-state', { ...SAVE, need: 'if-possible' });
    expect(without.ask).toContain('without export: container app of Deployment test/app does not run now');
    const { apply, hasWritten } = actionNamed('export-state');
    expect(await hasWritten?.(context(), without)).toBe(false);
    expect(await apply(context(), without)).toBe('unchanged');
    withPods([runningPod({ name: 'app-1', readyFor: 100 })]);
    const possible = await planned(context(0), 'export-state', { ...SAVE, need: 'if-possible' });
    // What was approved was to go without: an agent that runs again by then is asked about anew, not passed over.
    expect(comparePlans(without, possible, true).is).toBe('different');
    expect(comparePlans(possible, without, true).is).toBe('different');
    expect((await planned(context(0), 'export-state', { ...SAVE, need: 'never' })).ask).toContain('without export');
  });

  test('that a dead worker has begun is not begun again: nobody knows, and a person is asked', async () => {
    const plan = await exportPlan();
    await expect(applyExport(context(), plan, execWith({ export: dies }))).rejects.toThrow('killed');
    const again = execWith();
    await expect(applyExport(context(), plan, again)).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining('nobody knows what became of it'),
    });
    expect(again.ran).toEqual([]);
    expect(await hasExported(context(), plan)).toBe(true);
  });

  test('whose answer was lost is answered from its note, without a second run', async () => {
    const plan = await exportPlan();
    const first = await applyExport(context(), plan, execWith());
    const again = execWith();
    expect(await applyExport(context(), plan, again)).toEqual(first);
    expect(again.ran).toEqual([]);
  });

  test('that failed is a failure, and no change that may stand', async () => {
    const plan = await exportPlan();
    const fails: Program = async () => ({ exitCode: 1, stderr: 'the database is locked' });
    await expect(applyExport(context(), plan, execWith({ export: fails }))).rejects.toMatchObject({
      message: expect.stringContaining('the database is locked'),
    });
    expect(await hasExported(context(), plan)).toBe(false);
  });

  test('of a workload that the runbook is not for is refused', async () => {
    const over = { runbook: runbookFor({ ...target, name: 'another' }) };
    expect((await planned(context(0, over), 'export-state', SAVE)).refusal).toMatchObject({ code: 'not-the-target' });
  });

  test.each(['export-state', 'import-state'])(
    'is no order: %s runs only a program that a runbook names',
    async (action) => {
      const dependencies = {
        ...shared,
        kubernetes: server.kubernetes,
        baselines: memoryBaselines(),
        log: pino({ level: 'silent' }),
        namespace: 'kintsugi',
        mirrors: {},
        runbooks: '/nowhere/runbooks',
        builds: noBuilds,
        isRunOpen: async () => false,
      };
      const params = { ...SAVE, from: 'exported', input: FILE, save: SAVE };
      const ordered = [{ action, params: action === 'export-state' ? SAVE : { ...params, output: undefined } }];
      const { finding, brokenSince, runbook } = context();
      const input = { recoveryId: RECOVERY, target, runbook, n: 1, finding, remedy: action, brokenSince };
      const { plans } = await planRemedy(
        dependencies,
        { ...input, ordered: JSON.parse(JSON.stringify(ordered)) },
        { heartbeat: () => undefined, signal: new AbortController().signal },
      );
      expect(plans[0]?.refusal).toMatchObject({ code: 'only-from-runbook' });
    },
  );

  test('that came truncated is not kept', async () => {
    const wrong: Program = async () => ({ output: Buffer.from(`${'0'.repeat(64)}  ${FILE}`) });
    const plan = await exportPlan();
    await expect(applyExport(context(), plan, execWith({ sha256sum: wrong }))).rejects.toMatchObject({
      message: expect.stringContaining('truncated'),
      retryable: false,
    });
    expect(memoryOf().size).toBe(0);
  });
});

function memoryOf(): Map<string, Buffer> {
  return 'kept' in shared.artifacts && shared.artifacts.kept instanceof Map ? shared.artifacts.kept : new Map();
}

describe('an import', () => {
  test('exports what is there before it begins, and its undo imports that again', async () => {
    const plan = await importPlan();
    const exec = execWith();
    await applyImport(context(), plan, exec);
    expect(state).toBe('wanted');
    expect(exec.ran.map(([program]) => program).filter((name) => name === 'export' || name === 'import')).toEqual([
      'export',
      'import',
    ]);
    expect(await revertImport(context(9), plan, execWith())).toMatchObject({ outcome: 'undone' });
    expect(state).toBe('former');
  });

  test('that a dead worker has begun is not begun again; its undo stops and asks, and goes on when it is ordered', async () => {
    const plan = await importPlan();
    await expect(applyImport(context(), plan, execWith({ import: dies }))).rejects.toThrow('killed');
    const again = execWith();
    await expect(applyImport(context(), plan, again)).rejects.toMatchObject({ retryable: false });
    expect(await hasImported(context(), plan)).toBe(true);
    for (const step of [9, 9])
      expect(await revertImport(context(step), plan, again)).toMatchObject({
        outcome: 'refused',
        saw: expect.stringContaining('ordered once more'),
      });
    expect(again.ran).toEqual([]);
    state = 'half of it';
    expect(await revertImport(context(12), plan, again)).toMatchObject({ outcome: 'undone' });
    expect(state).toBe('former');
  });

  test.each([
    ['takes too long', 'timeout', 'it may still run'],
    ['loses its connection', 'unavailable', 'no answer'],
  ] as const)('whose program %s is unknown, and is asked about', async (_, code, said) => {
    const plan = await importPlan();
    await expect(applyImport(context(), plan, execWith({ import: fault(code) }))).rejects.toMatchObject({
      message: expect.stringContaining(said),
      retryable: false,
    });
    const undo = execWith();
    expect(await revertImport(context(9), plan, undo)).toMatchObject({ outcome: 'refused' });
    expect(undo.ran).toEqual([]);
  });

  test('whose worker died before the program was started has changed nothing, and can start it no more', async () => {
    const plan = await importPlan();
    await expect(applyImport(context(), plan, execWith({ export: dies }))).rejects.toThrow('killed');
    await expect(applyImport(context(), plan, execWith())).rejects.toMatchObject({
      message: expect.stringContaining('nothing was imported'),
    });
    expect(await hasImported(context(), plan)).toBe(false);
    expect(await revertImport(context(9), plan, execWith())).toMatchObject({ outcome: 'not-needed' });
    expect(state).toBe('former');
  });

  test('that comes after its undo is refused', async () => {
    const plan = await importPlan();
    expect(await revertImport(context(9), plan, execWith())).toMatchObject({ outcome: 'not-needed' });
    const late = execWith();
    await expect(applyImport(context(), plan, late)).rejects.toMatchObject({ code: 'refused' });
    expect(late.ran).toEqual([]);
  });

  test('that stood still while it was taken back starts no program when it goes on', async () => {
    const plan = await importPlan();
    const stopped: Program = async (args, stdin) => {
      expect(await revertImport(context(9), plan, execWith())).toMatchObject({ outcome: 'not-needed' });
      return PROGRAMS.export?.(args, stdin) ?? {};
    };
    const exec = execWith({ export: stopped });
    await expect(applyImport(context(), plan, exec)).rejects.toMatchObject({ code: 'refused' });
    expect(runsOf(exec, 'import')).toBe(0);
    expect(state).toBe('former');
  });

  test('into a container without a shell has changed nothing', async () => {
    const plan = await importPlan();
    const none: Program = async () => {
      throw missing('sh');
    };
    await expect(applyImport(context(), plan, execWith({ sh: none }))).rejects.toMatchObject({
      message: expect.stringMatching(/^nothing was imported: not possible: the image has no shell/),
    });
    expect(await revertImport(context(9), plan, execWith())).toMatchObject({ outcome: 'not-needed' });
  });

  test('of another state than the one that was exported is a failure', async () => {
    const [mine, other] = ['a'.repeat(64), 'b'.repeat(64)];
    const exported: Execution = {
      action: 'export-state',
      by: { step: `${RECOVERY}#4`, attempt: 'a', begunAt: '2025-12-13T00:00:00Z' },
      container: { namespace: 'test', pod: 'app-1', container: 'app', id: 'containerd://1' },
      saved: { ...(await shared.artifacts.put('wanted')), state: mine },
    };
    const earlier = await exportPlan();
    const { key } = earlier.args as { key: string };
    await shared.executions.write(key, exported, null);
    const params = { from: 'exported', command: ['import'], input: FILE, save: SAVE };
    const plan = await planned(context(0, { earlier: [earlier] }), 'import-state', params);
    const reads: Program = async () => ({ output: Buffer.from(`imported, sha256 ${other}`) });
    await expect(applyImport(context(), plan, execWith({ import: reads }))).rejects.toMatchObject({
      message: expect.stringContaining(`is not the state ${mine}`),
    });
  });
});

describe('the undo of an import', () => {
  test('that a dead worker has begun stops and asks', async () => {
    const plan = await importPlan();
    await applyImport(context(), plan, execWith());
    await expect(revertImport(context(9), plan, execWith({ import: dies }))).rejects.toThrow('killed');
    const again = execWith();
    expect(await revertImport(context(9), plan, again)).toMatchObject({
      outcome: 'refused',
      saw: expect.stringContaining('its outcome is not known'),
    });
    expect(again.ran).toEqual([]);
  });

  test('finds that a failed import has left all as it was', async () => {
    const plan = await importPlan();
    const fails: Program = async () => ({ exitCode: 1, stderr: 'bad file' });
    await expect(applyImport(context(), plan, execWith({ import: fails }))).rejects.toMatchObject({ code: 'refused' });
    const undo = execWith();
    expect(await revertImport(context(9), plan, undo)).toMatchObject({
      outcome: 'undone',
      saw: expect.stringContaining('the former one'),
    });
    expect(runsOf(undo, 'import')).toBe(0);
  });

  test('says where the former state is when it cannot be put back', async () => {
    const plan = await importPlan();
    await applyImport(context(), plan, execWith());
    const fails: Program = async () => ({ exitCode: 1, stderr: 'the disk is full' });
    expect(await revertImport(context(9), plan, execWith({ import: fails }))).toMatchObject({
      outcome: 'refused',
      saw: expect.stringMatching(/the disk is full.*The former state is artifact [0-9a-f]{64}/),
    });
  });
});

describe('the plan of an import', () => {
  const params = { command: ['import'], input: FILE, save: SAVE };

  test('shows what is run once and what is kept first, and has the time for both and for its undo', async () => {
    const plan = await importPlan();
    expect(plan).toMatchObject({ undo: 'on-failure', waitSeconds: 420 });
    expect(plan.changes.map(({ type }) => type)).toEqual(['exec', 'effect']);
    expect(plan.refusal).toBeUndefined();
  });

  test.each([
    ['what no earlier action exports', 'exported', 'no-export'],
    ['an artifact that is not here', '0'.repeat(64), 'not-found'],
  ])('refuses %s', async (_, from, code) => {
    expect((await planned(context(0), 'import-state', { ...params, from })).refusal).toMatchObject({ code });
  });

  test('is as approved when it is made again', async () => {
    const { sha256 } = await shared.artifacts.put('wanted');
    const again = () => planned(context(0), 'import-state', { ...params, from: sha256 });
    expect((await again()).changes).toEqual((await again()).changes);
  });

  test('takes no file name that a program could read otherwise', () => {
    for (const input of ['state.json', '/tmp/a b', "/tmp/'; rm -r /", '--help'])
      expect(importState.params.safeParse({ ...params, from: 'exported', input }).success).toBe(false);
  });
});

describe('the container that is meant', () => {
  const chosen = async (pods: V1Pod[], named?: string) => {
    withPods(pods);
    return chooseContainer(await readOwned(server.kubernetes, target), { pod: named, container: 'app' });
  };
  const [old, fresh] = [runningPod({ name: 'app-1' }), runningPod({ name: 'app-2', readyFor: 5 })];

  test('is the only one that runs, also one that is not ready', async () => {
    expect(await chosen([old])).toMatchObject({ pod: 'app-1' });
  });

  test('is the ready one beside one that is not, unless a pod is named', async () => {
    expect(await chosen([old, fresh])).toMatchObject({ pod: 'app-2' });
    expect(await chosen([old, fresh], 'app-1')).toMatchObject({ pod: 'app-1' });
  });

  test('is asked for where several serve, each with a state of its own', async () => {
    const both = [runningPod({ name: 'app-1', readyFor: 50 }), fresh];
    expect(await chosen(both)).toMatchObject({
      refusal: { code: 'several-pods', reason: expect.stringContaining('app-2') },
    });
  });

  test('is none while it waits to be started again', async () => {
    expect(await chosen([runningPod({ state: waiting('CrashLoopBackOff') })])).toMatchObject({
      refusal: { code: 'not-possible', reason: expect.stringContaining('CrashLoopBackOff') },
    });
  });

  test('is never one of another workload', async () => {
    expect(await chosen([old], 'other-1')).toMatchObject({ refusal: { code: 'not-found' } });
  });
});
