import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { kintsugi, kintsugiJson } from './command.ts';

/** Nothing listens on this port: it is reserved (RFC 1700) and never served here. */
const NOBODY = { TEMPORAL_ADDRESS: '127.0.0.1:1' };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kintsugi-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function error(code: string, details: Record<string, unknown>): unknown {
  return {
    error: { code, message: expect.any(String), where: expect.any(String), fix: expect.any(String), ...details },
  };
}

describe('a wrong command line ends with 2', () => {
  test('and a mistyped command with the right one', async () => {
    const { exitCode, stdout, stderr } = await kintsugi(['shwo', 'x']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain("unknown command 'shwo'");
    expect(stderr).toContain('did you mean show?');
  }, 60_000);

  test('and a mistyped flag with the right one, as JSON on stdout if asked', async () => {
    const { exitCode, answer, stderr } = await kintsugiJson(['show', 'x', '--folow']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: '' });
    expect(answer).toEqual(error('invalid', { fix: expect.stringContaining('did you mean --follow?') }));
  }, 60_000);

  test('and a mode that is none with those that there are', async () => {
    const { exitCode, answer } = await kintsugiJson(['run', 'agent-bruno-pod-crash-loop', '--mode', 'watch']);
    expect(exitCode).toBe(2);
    expect(answer).toEqual(error('invalid', { message: expect.stringContaining('observe, approve, auto') }));
  }, 60_000);

  test('and an order without an actor: nobody is guessed', async () => {
    const { exitCode, answer } = await kintsugiJson(['approve', 'bruno/deployment/agent-bruno'], { USER: 'ana' });
    expect(exitCode).toBe(2);
    expect(answer).toEqual(error('invalid', { message: expect.stringContaining('--actor') }));
  }, 60_000);

  test('and a runbook that is not there with those that are, before Temporal is asked', async () => {
    const { exitCode, answer } = await kintsugiJson(['run', 'agent-bruno'], NOBODY);
    expect(exitCode).toBe(2);
    expect(answer).toEqual(error('not-found', { fix: expect.stringContaining('agent-bruno-pod-crash-loop') }));
  }, 60_000);

  test('and every fault of the configuration at once', async () => {
    const { exitCode, answer } = await kintsugiJson(['worker'], {
      KINTSUGI_MODE: 'auto',
      KINTSUGI_CLUSTR: 'a',
      KINTSUGI_GATEWAY_ADDRESS: 'here',
    });
    expect(exitCode).toBe(2);
    const names = ['KINTSUGI_MODE', 'KINTSUGI_CLUSTR', 'KINTSUGI_GATEWAY_ADDRESS', 'KINTSUGI_REDACTION_KEY'];
    for (const name of names) expect(answer).toEqual(error('invalid', { where: expect.stringContaining(name) }));
  }, 60_000);
});

test('a group of commands by itself shows its commands and ends with 2', async () => {
  const { exitCode, stdout, stderr } = await kintsugi(['runbook']);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain('validate');
}, 60_000);

test('help goes to stdout and ends with 0', async () => {
  const { exitCode, stdout, stderr } = await kintsugi(['--help']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout).toContain('Exit codes');
}, 60_000);

describe('Temporal that does not answer ends with 3', () => {
  test('and says where it was looked for', async () => {
    const { exitCode, answer } = await kintsugiJson(['list'], NOBODY);
    expect(exitCode).toBe(3);
    expect(answer).toEqual(error('unavailable', { where: '127.0.0.1:1' }));
  }, 60_000);

  test('in readable words without --json, with stdout left empty', async () => {
    const { exitCode, stdout, stderr } = await kintsugi(['show', 'bruno/deployment/agent-bruno'], NOBODY);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toMatch(/^error: .*\nwhere: 127\.0\.0\.1:1\ndo: {4}start Temporal/);
  }, 60_000);
});

test('no usable kubeconfig ends with 2', async () => {
  const command = ['pause', '--actor', 'ana', '--reason', 'a test'];
  const { exitCode, answer } = await kintsugiJson(command, { KUBECONFIG: join(folder, 'none') });
  expect(exitCode).toBe(2);
  expect(answer).toEqual(error('invalid', { where: join(folder, 'none') }));
}, 60_000);

describe('runbooks', () => {
  test('are listed with what starts them', async () => {
    const { exitCode, answer } = await kintsugiJson(['runbook', 'list']);
    expect(exitCode).toBe(0);
    expect(answer).toMatchObject({
      runbooks: expect.arrayContaining([
        expect.objectContaining({
          name: 'agent-bruno-pod-crash-loop',
          target: 'bruno/agent-bruno',
          alerts: ['AgentBrunoPodCrashLooping', 'AgentBrunoImagePullFailing'],
        }),
        expect.objectContaining({ name: 'kosmos-agent-recovery', target: 'kosmos/*' }),
      ]),
      faults: [],
    });
  }, 60_000);

  test('that are valid end with 0, all of the folder if none is named', async () => {
    const { exitCode, stdout } = await kintsugi(['runbook', 'validate']);
    expect(exitCode).toBe(0);
    expect(stdout.split('\n')).toContain('runbooks/agent-bruno-pod-crash-loop.yaml: valid');
    expect(stdout.split('\n').every((line) => line.endsWith('.yaml: valid'))).toBe(true);
  }, 60_000);

  test('with faults end with 1 and name each place', async () => {
    const file = join(folder, 'broken.yaml');
    writeFileSync(file, 'apiVersion: kintsugi.dev/v2\nkind: Runbok\n');
    const { exitCode, stdout } = await kintsugi(['runbook', 'validate', file]);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/broken\.yaml:1:13: apiVersion: /);
    expect(stdout).toMatch(/broken\.yaml:2:7: kind: /);
    const { answer } = await kintsugiJson(['runbook', 'validate', file]);
    expect(answer).toMatchObject({
      valid: false,
      faults: expect.arrayContaining([
        { file, line: 1, column: 13, path: 'apiVersion', message: expect.any(String), fix: expect.any(String) },
      ]),
    });
  }, 60_000);

  test('that cannot be read end with 2', async () => {
    const { exitCode, answer } = await kintsugiJson(['runbook', 'validate', join(folder, 'none.yaml')]);
    expect(exitCode).toBe(2);
    expect(answer).toEqual(error('not-found', { where: join(folder, 'none.yaml') }));
  }, 60_000);

  test('have a JSON Schema', async () => {
    const { exitCode, stdout } = await kintsugi(['runbook', 'schema']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ title: 'Kintsugi runbook', type: 'object' });
  }, 60_000);
});

describe('doctor', () => {
  test('looks at everything else too when one thing is away, and ends with 1', async () => {
    const { exitCode, answer } = await kintsugiJson(['doctor'], { ...NOBODY, KUBECONFIG: join(folder, 'none') });
    expect(exitCode).toBe(1);
    const check = (name: string, ok: boolean) =>
      expect.objectContaining({ name, ok, saw: expect.any(String), fix: ok ? '' : expect.stringMatching(/./) });
    expect(answer).toEqual({
      ok: false,
      checks: [
        check('configuration', true),
        check('people', true),
        check('runbooks', true),
        check('Temporal', false),
        check('Kubernetes', false),
        check('notifiers', false),
      ],
    });
  }, 60_000);

  test('names each fault of the configuration as a check of its own', async () => {
    const { exitCode, answer } = await kintsugiJson(['doctor'], { KINTSUGI_MODE: 'auto', KINTSUGI_CLUSTR: 'a' });
    expect(exitCode).toBe(1);
    expect(answer).toMatchObject({
      ok: false,
      checks: [
        { name: 'configuration KINTSUGI_CLUSTR', ok: false },
        { name: 'configuration KINTSUGI_MODE', ok: false },
      ],
    });
  }, 60_000);
});
