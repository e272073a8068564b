import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import importState from '../../../src/actions/import-state.ts';
import { applyImport, hasImported } from '../../../src/actions/state/import.ts';
import { revertImport } from '../../../src/actions/state/undo-import.ts';
import { KintsugiError } from '../../../src/errors.ts';
import type { Execution } from '../../../src/executions/notes.ts';
import { missing, type Program } from '../../kubernetes/fake-container.ts';
import { planned, RECOVERY } from '../action-context.ts';
import { type Agent, dies, FILE, SAVE, startAgent } from './agent.ts';

/** What a cluster cannot be made to do: workers that die between two lines, answers that are lost, programs that never answer. */

let agent: Agent;
beforeEach(async () => {
  agent = await startAgent();
});
afterEach(() => agent.server.close());

const runsOf = (exec: { ran: string[][] }, program: string) => exec.ran.filter(([name]) => name === program).length;
const fault =
  (code: 'timeout' | 'unavailable'): Program =>
  async () => {
    throw new KintsugiError(code, 'no answer', { where: 'exec', fix: 'none' });
  };

describe('an import', () => {
  test('exports what is there before it begins, and its undo imports that again', async () => {
    const plan = await agent.importPlan();
    const exec = agent.execWith();
    await applyImport(agent.context(), plan, exec);
    expect(agent.state).toBe('wanted');
    expect(exec.ran.map(([program]) => program).filter((name) => name === 'export' || name === 'import')).toEqual([
      'export',
      'import',
    ]);
    expect(await revertImport(agent.context(9), plan, agent.execWith())).toMatchObject({ outcome: 'undone' });
    expect(agent.state).toBe('former');
  });

  test('that a dead worker has begun is not begun again; its undo stops and asks, and goes on when it is ordered', async () => {
    const plan = await agent.importPlan();
    await expect(applyImport(agent.context(), plan, agent.execWith({ import: dies }))).rejects.toThrow('killed');
    const again = agent.execWith();
    await expect(applyImport(agent.context(), plan, again)).rejects.toMatchObject({ retryable: false });
    expect(await hasImported(agent.context(), plan)).toBe(true);
    for (const step of [9, 9])
      expect(await revertImport(agent.context(step), plan, again)).toMatchObject({
        outcome: 'refused',
        saw: expect.stringContaining('ordered once more'),
      });
    expect(again.ran).toEqual([]);
    agent.state = 'half of it';
    expect(await revertImport(agent.context(12), plan, again)).toMatchObject({ outcome: 'undone' });
    expect(agent.state).toBe('former');
  });

  test.each([
    ['takes too long', 'timeout', 'it may still run'],
    ['loses its connection', 'unavailable', 'no answer'],
  ] as const)('whose program %s is unknown, and is asked about', async (_, code, said) => {
    const plan = await agent.importPlan();
    await expect(applyImport(agent.context(), plan, agent.execWith({ import: fault(code) }))).rejects.toMatchObject({
      message: expect.stringContaining(said),
      retryable: false,
    });
    const undo = agent.execWith();
    expect(await revertImport(agent.context(9), plan, undo)).toMatchObject({ outcome: 'refused' });
    expect(undo.ran).toEqual([]);
  });

  test('whose worker died before the program was started has changed nothing, and can start it no more', async () => {
    const plan = await agent.importPlan();
    await expect(applyImport(agent.context(), plan, agent.execWith({ export: dies }))).rejects.toThrow('killed');
    await expect(applyImport(agent.context(), plan, agent.execWith())).rejects.toMatchObject({
      message: expect.stringContaining('nothing was imported'),
    });
    expect(await hasImported(agent.context(), plan)).toBe(false);
    expect(await revertImport(agent.context(9), plan, agent.execWith())).toMatchObject({ outcome: 'not-needed' });
    expect(agent.state).toBe('former');
  });

  test('that comes after its undo is refused', async () => {
    const plan = await agent.importPlan();
    expect(await revertImport(agent.context(9), plan, agent.execWith())).toMatchObject({ outcome: 'not-needed' });
    const late = agent.execWith();
    await expect(applyImport(agent.context(), plan, late)).rejects.toMatchObject({ code: 'refused' });
    expect(late.ran).toEqual([]);
  });

  test('that stood still while it was taken back starts no program when it goes on', async () => {
    const plan = await agent.importPlan();
    const stopped: Program = async (args, stdin) => {
      expect(await revertImport(agent.context(9), plan, agent.execWith())).toMatchObject({ outcome: 'not-needed' });
      return agent.programs.export?.(args, stdin) ?? {};
    };
    const exec = agent.execWith({ export: stopped });
    await expect(applyImport(agent.context(), plan, exec)).rejects.toMatchObject({ code: 'refused' });
    expect(runsOf(exec, 'import')).toBe(0);
    expect(agent.state).toBe('former');
  });

  test('into a container without a shell has changed nothing', async () => {
    const plan = await agent.importPlan();
    const none: Program = async () => {
      throw missing('sh');
    };
    await expect(applyImport(agent.context(), plan, agent.execWith({ sh: none }))).rejects.toMatchObject({
      message: expect.stringMatching(/^nothing was imported: not possible: the image has no shell/),
    });
    expect(await revertImport(agent.context(9), plan, agent.execWith())).toMatchObject({ outcome: 'not-needed' });
  });

  test('of another state than the one that was exported is a failure', async () => {
    const [mine, other] = ['a'.repeat(64), 'b'.repeat(64)];
    const exported: Execution = {
      action: 'export-state',
      by: { step: `${RECOVERY}#4`, attempt: 'a', begunAt: '2025-12-13T00:00:00Z' },
      container: { namespace: 'test', pod: 'app-1', container: 'app', id: 'containerd://1' },
      saved: { ...(await agent.artifacts.put('wanted')), state: mine },
    };
    const earlier = await agent.exportPlan();
    const { key } = earlier.args as { key: string };
    await agent.executions.write(key, exported, null);
    const params = { from: 'exported', command: ['import'], input: FILE, save: SAVE };
    const plan = await planned(agent.context(0, { earlier: [earlier] }), 'import-state', params);
    const reads: Program = async () => ({ output: Buffer.from(`imported, sha256 ${other}`) });
    await expect(applyImport(agent.context(), plan, agent.execWith({ import: reads }))).rejects.toMatchObject({
      message: expect.stringContaining(`is not the state ${mine}`),
    });
  });
});

describe('the undo of an import', () => {
  test('that a dead worker has begun stops and asks', async () => {
    const plan = await agent.importPlan();
    await applyImport(agent.context(), plan, agent.execWith());
    await expect(revertImport(agent.context(9), plan, agent.execWith({ import: dies }))).rejects.toThrow('killed');
    const again = agent.execWith();
    expect(await revertImport(agent.context(9), plan, again)).toMatchObject({
      outcome: 'refused',
      saw: expect.stringContaining('its outcome is not known'),
    });
    expect(again.ran).toEqual([]);
  });

  test('finds that a failed import has left all as it was', async () => {
    const plan = await agent.importPlan();
    const fails: Program = async () => ({ exitCode: 1, stderr: 'bad file' });
    await expect(applyImport(agent.context(), plan, agent.execWith({ import: fails }))).rejects.toMatchObject({
      code: 'refused',
    });
    const undo = agent.execWith();
    expect(await revertImport(agent.context(9), plan, undo)).toMatchObject({
      outcome: 'undone',
      saw: expect.stringContaining('the former one'),
    });
    expect(runsOf(undo, 'import')).toBe(0);
  });

  test('says where the former state is when it cannot be put back', async () => {
    const plan = await agent.importPlan();
    await applyImport(agent.context(), plan, agent.execWith());
    const fails: Program = async () => ({ exitCode: 1, stderr: 'the disk is full' });
    expect(await revertImport(agent.context(9), plan, agent.execWith({ import: fails }))).toMatchObject({
      outcome: 'refused',
      saw: expect.stringMatching(/the disk is full.*The former state is artifact [0-9a-f]{64}/),
    });
  });
});

describe('the plan of an import', () => {
  const params = { command: ['import'], input: FILE, save: SAVE };

  test('shows what is run once and what is kept first, and has the time for both and for its undo', async () => {
    const plan = await agent.importPlan();
    expect(plan).toMatchObject({ undo: 'on-failure', waitSeconds: 420 });
    expect(plan.changes.map(({ type }) => type)).toEqual(['exec', 'effect']);
    expect(plan.refusal).toBeUndefined();
  });

  test.each([
    ['what no earlier action exports', 'exported', 'no-export'],
    ['an artifact that is not here', '0'.repeat(64), 'not-found'],
  ])('refuses %s', async (_, from, code) => {
    expect((await planned(agent.context(0), 'import-state', { ...params, from })).refusal).toMatchObject({ code });
  });

  test('is as approved when it is made again', async () => {
    const { sha256 } = await agent.artifacts.put('wanted');
    const again = () => planned(agent.context(0), 'import-state', { ...params, from: sha256 });
    expect((await again()).changes).toEqual((await again()).changes);
  });

  test('takes no file name that a program could read otherwise', () => {
    for (const input of ['state.json', '/tmp/a b', "/tmp/'; rm -r /", '--help'])
      expect(importState.params.safeParse({ ...params, from: 'exported', input }).success).toBe(false);
  });
});
