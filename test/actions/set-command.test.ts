import { afterEach, describe, expect, test } from '@jest/globals';
import type { FakeApiServer } from '../checks/api-server.ts';
import { startTemplateWorld, type TemplateStory } from './template-world.ts';

const UVICORN = ['uvicorn', 'src.main:app', '--host', '0.0.0.0', '--port', '8080'];
const TWICE = ['bash', '-c', 'uvicorn src.main:app --port 8080 & uvicorn src.main:app --port 8080 & wait -n'];

let server: FakeApiServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function planned(action: string, params: { [key: string]: string }, story: Partial<TemplateStory> = {}) {
  const world = await startTemplateWorld({
    healthy: { command: UVICORN },
    present: { command: TWICE },
    finding: { cause: 'port-in-use', subject: '0.0.0.0:8080' },
    ...story,
  });
  server = world.server;
  return world.plan(action, params);
}

describe('set-command', () => {
  test('restores the command with which the target was healthy, without asking where nothing else differs', async () => {
    const plan = await planned('set-command', {});
    expect(plan.refusal).toBeUndefined();
    expect(plan.ask).toBeUndefined();
    expect(plan.changes.map((change) => (change.type === 'field' ? change.after : change.type))).toEqual(
      UVICORN.map((value) => ({ value })),
    );
  });

  test('takes away a command that the healthy template left to the image', async () => {
    const plan = await planned('set-command', {}, { healthy: {}, present: { command: TWICE, args: ['--reload'] } });
    expect(plan.refusal).toBeUndefined();
    const fields = plan.changes.flatMap((change) =>
      change.type === 'field' ? [[change.path.split('/').at(-1), change.after]] : [],
    );
    expect(Object.fromEntries(fields)).toEqual({ command: { absent: true }, args: { absent: true } });
  });

  test('asks where more than the command differs', async () => {
    const env = [{ name: 'NEW', value: 'yes' }];
    const plan = await planned('set-command', {}, { present: { command: TWICE, env } });
    expect(plan.ask).toContain('more than that differs from the template last seen healthy');
    expect(plan.changes.every((change) => change.type === 'field' && change.path.includes('/command'))).toBe(true);
  });

  test.each<[string, string, { [key: string]: string }, Partial<TemplateStory>]>([
    ['a command that has not changed', 'not-changed', {}, { present: {} }],
    ['without a healthy baseline', 'no-baseline', {}, { baseline: false }],
    ['for a container that is not there', 'not-found', { container: 'nobody' }, {}],
    ['without a command in the runbook', 'no-command', { from: 'runbook' }, {}],
  ])('refuses %s', async (_, code, params, story) => {
    expect((await planned('set-command', params, story)).refusal?.code).toBe(code);
  });

  const target = {
    namespace: 'bruno',
    kinds: ['Deployment' as const],
    name: 'app',
    container: 'app',
    command: UVICORN,
  };

  test("sets the runbook's command where the template's own differs, and leaves one of the image to the Dockerfile", async () => {
    const plan = await planned('set-command', { from: 'runbook' }, { baseline: false, runbook: { target } });
    expect(plan.refusal).toBeUndefined();
    expect(plan.summary).toBe("Set the command of app in Deployment bruno/app to the runbook's");
    await server?.close();
    const image = await planned('set-command', { from: 'runbook' }, { healthy: {}, present: {}, runbook: { target } });
    expect(image.refusal).toMatchObject({
      code: 'image-command',
      reason: expect.stringContaining('Dockerfile (CMD ["uvicorn"'),
    });
  });
});

describe('a port that is taken elsewhere', () => {
  const second = {
    containers: [
      { name: 'app', ports: [{ containerPort: 8080 }] },
      { name: 'metrics', ports: [{ containerPort: 8080 }] },
    ],
  };

  test.each(['set-command', 'delete-pod'])('by a second container of the pod is not mended by %s', async (action) => {
    const { refusal } = await planned(action, {}, { presentPod: second });
    const reason =
      'container metrics of the same pod has port 8080 too: containers of a pod share its ports, so one of the two must get another';
    expect(action === 'set-command' ? refusal?.code : refusal).toEqual(
      action === 'set-command' ? 'second-container' : { code: 'second-container', reason },
    );
  });

  test.each<[string, Partial<TemplateStory>]>([
    ['a hostPort', { present: { ports: [{ containerPort: 8080, hostPort: 8080 }] } }],
    ['hostNetwork', { presentPod: { hostNetwork: true } }],
  ])('on the node by %s is not mended by a new pod', async (_, story) => {
    expect((await planned('delete-pod', {}, story)).refusal?.code).toBe('host-port');
  });

  test('by a process of its own is: the pod is replaced', async () => {
    const plan = await planned('delete-pod', {}, { present: {} });
    expect(plan.refusal).toBeUndefined();
    expect(plan.changes.map(({ type }) => type)).toEqual(['delete']);
  });

  test('is no matter of another cause', async () => {
    const story = { finding: { cause: 'unknown' }, presentPod: { hostNetwork: true } };
    expect((await planned('delete-pod', {}, story)).refusal).toBeUndefined();
  });
});
