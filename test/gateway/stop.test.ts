import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';

/** A process of its own, for an error that nobody catches would end it: the gateway, told to stop by a line on its stdin. */
const script = `
import { once } from 'node:events';
import { loadConfiguration } from './src/configuration/configuration.ts';
import { startGateway } from './src/gateway/main.ts';
import { createLogger } from './src/log.ts';

const gateway = await startGateway(loadConfiguration(process.env), {
  log: createLogger({ level: 'silent', component: 'gateway' }),
  onFatal: (thrown) => { throw thrown; },
});
console.log(gateway.url);
await once(process.stdin, 'data');
await gateway.stop();
console.log('stopped');
`;

const root = join(import.meta.dirname, '../..');
const token = 'a-token-of-good-length';
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function startProcess() {
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const address = closed.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await new Promise((resolve) => closed.close(resolve));
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      KINTSUGI_GATEWAY_TOKEN: token,
      KINTSUGI_GATEWAY_ADDRESS: '127.0.0.1:0',
      KINTSUGI_RUNBOOKS: join(root, 'runbooks'),
      TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
    },
  });
  children.push(child);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = once(child, 'exit').then(([code]) => ({ code: code as unknown, errors }));
  const [line] = await once(child.stdout, 'data');
  return { url: String(line).trim(), stop: () => child.stdin.end('stop\n'), ended };
}

test('a gateway that is stopped while Temporal is away ends without an error', async () => {
  const gateway = await startProcess();
  gateway.stop();
  expect(await gateway.ended).toEqual({ code: 0, errors: '' });
}, 60_000);

test('a post that is under way when the gateway is stopped is answered', async () => {
  const gateway = await startProcess();
  const labels = { alertname: 'AgentBrunoPodCrashLooping', namespace: 'bruno' };
  const post = fetch(`${gateway.url}/api/v1/alerts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ alerts: [{ status: 'firing', fingerprint: 'f', labels }] }),
  });
  // The next answer comes only after the post was taken in: both go through the one server, the post first.
  await fetch(`${gateway.url}/healthz`);
  gateway.stop();
  expect((await post).status).toBe(503);
  expect(await gateway.ended).toEqual({ code: 0, errors: '' });
}, 60_000);
