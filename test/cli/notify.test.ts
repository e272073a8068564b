import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { startServer, type TestServer } from '../http/server.ts';
import { kintsugi, kintsugiJson } from './command.ts';

const dir = mkdtempSync(join(tmpdir(), 'notify-'));
afterAll(() => rmSync(dir, { recursive: true }));

const receivers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
});

async function receiver(...statuses: number[]): Promise<TestServer> {
  const server = await startServer((_request, response) => {
    const status = statuses.length > 1 ? statuses.shift() : statuses[0];
    response.writeHead(status ?? 202).end();
  });
  receivers.push(server);
  return server;
}

/** The environment of a configuration file with these notifiers, one a line. */
function configured(...named: string[]): { KINTSUGI_CONFIG: string } {
  const path = join(dir, 'kintsugi.yaml');
  writeFileSync(path, ['notifiers:', '  named:', ...named.map((entry) => `    - ${entry}`), ''].join('\n'));
  return { KINTSUGI_CONFIG: path };
}

describe('kintsugi notify list', () => {
  test('names every notifier with its type, and what stands against it with its line', async () => {
    const environment = configured(
      '{name: chat, type: webhook, url: "http://127.0.0.1:1"}',
      '{name: oncall, type: pagerduty, routingKeyFile: /nowhere/key}',
    );
    const { exitCode, answer } = await kintsugiJson(['notify', 'list'], environment);
    expect(exitCode).toBe(1);
    expect(answer).toEqual({
      notifiers: [
        { name: 'chat', type: 'webhook', reachesPeople: true, default: false, faults: [] },
        {
          ...{ name: 'oncall', type: 'pagerduty', reachesPeople: true, default: false },
          faults: [
            expect.stringMatching(/kintsugi\.yaml:4:55 notifiers\.named\[1\]\.routingKeyFile: the file cannot be read/),
          ],
        },
        { name: 'log', type: 'log', reachesPeople: false, default: true, faults: [] },
      ],
    });
    expect((await kintsugi(['notify', 'list'], environment)).stdout).toMatch(/^chat +webhook +- +ready$/m);
  }, 60_000);
});

describe('kintsugi notify test', () => {
  test('sends a page that says that nothing is broken, its update and its resolution, under one key', async () => {
    const { url, seen } = await receiver(202);
    const environment = configured(`{name: chat, type: webhook, url: "${url}"}`);
    const { exitCode, answer } = await kintsugiJson(['notify', 'test', 'chat', '--severity', 'warning'], environment);
    expect(exitCode).toBe(0);
    const key = expect.stringMatching(/^kintsugi-test\//);
    expect(answer).toEqual({
      ...{ name: 'chat', ok: true, key },
      messages: [
        { event: 'trigger', taken: true, saw: expect.stringContaining('taken as kintsugi-test/') },
        { event: 'update', taken: true, saw: 'taken' },
        { event: 'acknowledge', taken: true, saw: 'taken' },
        { event: 'resolve', taken: true, saw: 'taken' },
      ],
    });
    const bodies = seen.map(({ body }) => JSON.parse(body));
    expect(bodies.map(({ event }) => event)).toEqual(['trigger', 'update', 'acknowledge', 'resolve']);
    expect(new Set(bodies.map((body) => body.key)).size).toBe(1);
    expect(bodies[0]).toMatchObject({
      severity: 'warning',
      text: expect.stringMatching(/^WARNING .*nothing-is-broken is well;.*test/),
    });
  }, 60_000);

  test('says what the provider answered, where to mend it, and ends with 1', async () => {
    const { url, seen } = await receiver(403);
    const environment = configured(`{name: chat, type: webhook, url: "${url}"}`);
    const { exitCode, stdout } = await kintsugi(['notify', 'test', 'chat'], environment);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(
      /trigger: not taken: the webhook answered 403\n {2}where: .*kintsugi\.yaml:3:\d+ notifiers\.named\[0\]\.url\n {2}do: /,
    );
    expect(seen).toHaveLength(1);
  }, 60_000);

  test('that reaches nobody ends with 3, and takes back what may have been taken', async () => {
    const { url, seen } = await receiver(503, 503, 503, 202);
    const environment = configured(`{name: chat, type: webhook, url: "${url}"}`);
    const { exitCode, answer } = await kintsugiJson(['notify', 'test', 'chat'], environment);
    expect(exitCode).toBe(3);
    expect(answer).toMatchObject({
      ok: false,
      messages: [
        { event: 'trigger', taken: false },
        { event: 'resolve', taken: true },
      ],
    });
    expect(seen).toHaveLength(4);
  }, 60_000);

  test('of a name that nothing has, or of settings that are wrong, ends with 2', async () => {
    const environment = configured('{name: chat, type: webhook, urlFile: /nowhere/url}');
    const unknown = await kintsugiJson(['notify', 'test', 'chta'], { KINTSUGI_WEBHOOK_URL: 'http://127.0.0.1:1' });
    expect(unknown).toMatchObject({ exitCode: 2, answer: { error: { code: 'not-found', where: 'chta' } } });
    const faulty = await kintsugiJson(['notify', 'test', 'chat'], environment);
    const where = expect.stringContaining('notifiers.named[0].urlFile');
    expect(faulty).toMatchObject({ exitCode: 2, answer: { error: { code: 'invalid', where } } });
  }, 60_000);
});

test('runbook validate knows the notifiers of the configuration, and says what a misspelt one was meant to be', async () => {
  const file = join(dir, 'good.yaml');
  const good = readFileSync(join(import.meta.dirname, '../runbook/good.yaml'), 'utf8');
  writeFileSync(file, good.replaceAll(/notify: \[.*?\]/g, 'notify: [oncal, log]'));
  const environment = configured('{name: oncall, type: webhook, url: "http://127.0.0.1:1"}');
  const { stdout } = await kintsugi(['runbook', 'validate', file], environment);
  expect(stdout).toMatch(/no notifier is named "oncal"; did you mean "oncall"\? known: oncall, default, webhook, log/);
  writeFileSync(file, good.replaceAll(/notify: \[.*?\]/g, 'notify: [oncall, log]'));
  expect((await kintsugi(['runbook', 'validate', file], environment)).stdout).not.toMatch(/no notifier/);
}, 60_000);
