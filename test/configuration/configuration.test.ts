import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadConfiguration, modeFor, readConfiguration } from '../../src/configuration/configuration.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'configuration-'));
});
afterEach(() => rm(dir, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(dir, name);
  await writeFile(path, text);
  return path;
}

test('nothing set is a cautious whole: observe, nothing automatic, only this machine listened to', () => {
  expect(loadConfiguration({})).toMatchObject({
    cluster: 'default',
    namespace: 'kintsugi',
    runbooks: './runbooks',
    mode: 'observe',
    auto: [],
    mirrors: {},
    defaultNotifiers: ['webhook', 'log'],
    gatewayAddress: { host: '127.0.0.1', port: 8790 },
    metricsAddress: { host: '127.0.0.1', port: 9464 },
    logLevel: 'info',
    temporal: { address: 'localhost:7233', namespace: 'default' },
  });
});

test('what is set is read, from variables, from files of secrets and from the configuration file', async () => {
  const configuration = loadConfiguration({
    KINTSUGI_CLUSTER: 'homelab',
    KINTSUGI_GATEWAY_ADDRESS: '[::]:80',
    KINTSUGI_GATEWAY_TOKEN_FILE: await file('token', 'a-token-of-good-length\n'),
    KINTSUGI_REDACTION_KEY: 'k'.repeat(32),
    TEMPORAL_ADDRESS: 'temporal:7233',
    TEMPORAL_NAMESPACE: 'operations',
    KINTSUGI_CONFIG: await file(
      'kintsugi.yaml',
      'auto: [{namespace: bruno, runbooks: [agent-bruno-pod-crash-loop]}]\nregistries: {mirrors: {ghcr.io: "http://10.99.0.1:5000"}}\n',
    ),
  });
  expect(configuration).toMatchObject({
    cluster: 'homelab',
    gatewayAddress: { host: '::', port: 80 },
    gatewayToken: 'a-token-of-good-length',
    redactionKey: 'k'.repeat(32),
    temporal: { address: 'temporal:7233', namespace: 'operations', connection: { address: 'temporal:7233' } },
    auto: [{ namespace: 'bruno', runbooks: ['agent-bruno-pod-crash-loop'] }],
    mirrors: { 'ghcr.io': 'http://10.99.0.1:5000' },
  });
});

test('all faults are listed at once, each with its name and what would be right', async () => {
  const path = await file('kintsugi.yaml', 'auto:\n  - namspace: bruno\nlimits: {cachedWorkflows: many}\n');
  const { faults } = readConfiguration(
    {
      KINTSUGI_MODE: 'auto',
      KINTSUGI_CLUSTR: 'homelab',
      KINTSUGI_GATEWAY_ADDRESS: 'everywhere',
      KINTSUGI_WEBHOOK_URL: 'ftp://pages',
      KINTSUGI_GATEWAY_TOKEN: 'short',
      KINTSUGI_WEBHOOK_SECRET_FILE: join(dir, 'nowhere'),
      KINTSUGI_CONFIG: path,
      TEMPORAL_CONFIG_FILE: await file('temporal.toml', '[profile'),
    },
    ['KINTSUGI_REDACTION_KEY'],
  );
  expect(faults).toEqual([
    { name: 'KINTSUGI_CLUSTR', message: 'there is no such variable', fix: 'did you mean KINTSUGI_CLUSTER?' },
    expect.objectContaining({ name: 'KINTSUGI_WEBHOOK_SECRET_FILE', fix: 'name a readable file' }),
    expect.objectContaining({ name: 'KINTSUGI_MODE', fix: expect.stringContaining('under `auto`') }),
    expect.objectContaining({ name: 'KINTSUGI_GATEWAY_TOKEN', message: 'the value is not accepted' }),
    expect.objectContaining({ name: 'KINTSUGI_GATEWAY_ADDRESS', fix: expect.stringContaining('host:port') }),
    expect.objectContaining({ name: 'KINTSUGI_WEBHOOK_URL', fix: expect.stringContaining('https://') }),
    expect.objectContaining({
      name: 'KINTSUGI_REDACTION_KEY',
      fix: expect.stringContaining('KINTSUGI_REDACTION_KEY_FILE'),
    }),
    expect.objectContaining({ name: `${path}:2:5 auto[0].namespace`, message: '"namespace" is missing' }),
    expect.objectContaining({
      name: `${path}:2:5 auto[0].namspace`,
      fix: expect.stringContaining('did you mean "namespace"?'),
    }),
    expect.objectContaining({ name: `${path}:3:27 limits.cachedWorkflows`, fix: 'write a number' }),
    expect.objectContaining({ name: 'TEMPORAL_*' }),
  ]);
});

test('the thrown error has every fault in it and no secret', () => {
  const load = () =>
    loadConfiguration({ KINTSUGI_GATEWAY_TOKEN: 'hush', KINTSUGI_LOG_LEVEL: 'loud' }, ['KINTSUGI_REDACTION_KEY']);
  expect(load).toThrow(/KINTSUGI_GATEWAY_TOKEN(?:.|\n)*KINTSUGI_LOG_LEVEL(?:.|\n)*KINTSUGI_REDACTION_KEY/);
  expect(load).not.toThrow(/hush/);
});

test('a secret given twice is refused, for nobody knows which is meant', async () => {
  const path = await file('token', 'a-token-of-good-length');
  const { faults } = readConfiguration({
    KINTSUGI_GATEWAY_TOKEN: 'a-token-of-good-length',
    KINTSUGI_GATEWAY_TOKEN_FILE: path,
  });
  expect(faults).toEqual([
    { name: 'KINTSUGI_GATEWAY_TOKEN_FILE', message: 'KINTSUGI_GATEWAY_TOKEN is given too', fix: 'give one of the two' },
  ]);
});

test('variables that Kubernetes makes for a Service called kintsugi are no faults', () => {
  const { faults } = readConfiguration({
    KINTSUGI_PORT: 'tcp://10.96.0.7:8790',
    KINTSUGI_SERVICE_HOST: '10.96.0.7',
    KINTSUGI_GATEWAY_PORT_8790_TCP: 'tcp://10.96.0.8:8790',
    KINTSUGI_DEV_KUBECONFIG: '/tmp/kubeconfig',
  });
  expect(faults).toEqual([]);
});

describe('automatic is only what the configuration names', () => {
  const configuration = {
    mode: 'observe' as const,
    auto: [{ namespace: 'bruno', runbooks: ['crash-loop'] }, { namespace: 'kosmos' }],
  };
  const cases = [
    { namespace: 'bruno', runbook: 'crash-loop', mode: 'auto', name: 'a runbook named in its namespace' },
    { namespace: 'bruno', runbook: 'other', mode: 'observe', name: 'another runbook in that namespace' },
    { namespace: 'kosmos', runbook: 'other', mode: 'auto', name: 'any runbook where only the namespace is named' },
    { namespace: 'shop', runbook: 'crash-loop', mode: 'observe', name: 'a namespace that is not named' },
  ];
  for (const { namespace, runbook, mode, name } of cases) {
    test(`${name}: ${mode}`, () => {
      expect(modeFor(configuration, namespace, runbook)).toBe(mode);
    });
  }
});

test('a token of the API is known by its hash, with its person, its role and its end', async () => {
  const sha256 = 'ab'.repeat(32);
  const path = await file(
    'kintsugi.yaml',
    `tokens: [{name: alice, person: alice@example.org, role: approver, sha256: ${sha256}, expires: 2027-01-31T00:00:00Z}]\n`,
  );
  expect(loadConfiguration({ KINTSUGI_CONFIG: path }).tokens).toEqual([
    { name: 'alice', person: 'alice@example.org', role: 'approver', sha256, expires: '2027-01-31T00:00:00Z' },
  ]);
});

test.each([
  ['a token in clear instead of its hash', 'sha256: kt_not-a-hash, role: viewer', /SHA-256 as 64 hexadecimal digits/],
  ['a role that there is not', `sha256: ${'ab'.repeat(32)}, role: root`, /viewer/],
])('%s is a fault of the configuration', async (_, members, expected) => {
  const path = await file('kintsugi.yaml', `tokens: [{name: alice, person: alice, ${members}}]\n`);
  expect(() => loadConfiguration({ KINTSUGI_CONFIG: path })).toThrow(expected);
});

test('two tokens of one name are a fault: taking one back would leave the other', async () => {
  const token = (hash: string) => `{name: alice, person: alice, role: viewer, sha256: ${hash.repeat(32)}}`;
  const path = await file('kintsugi.yaml', `tokens: [${token('ab')}, ${token('cd')}]\n`);
  expect(() => loadConfiguration({ KINTSUGI_CONFIG: path })).toThrow(/every token has a name of its own/);
});
