import { afterEach, describe, expect, test } from '@jest/globals';
import { alertmanagerSilences, isMatched, type Matcher } from '../../src/silences/alertmanager.ts';
import { startServer, type TestServer } from '../http/server.ts';

const LABELS = { alertname: 'AgentBrunoPodCrashLooping', namespace: 'bruno', pod: 'agent-bruno-1' };

function matcher(name: string, sign: '=' | '!=' | '=~' | '!~', value: string): Matcher {
  return { name, value, isRegex: sign.endsWith('~'), isEqual: sign.startsWith('=') };
}

describe("Alertmanager's matchers", () => {
  test.each([
    ['namespace', '=', 'bruno', true],
    ['namespace', '=', 'brun', false],
    ['namespace', '!=', 'kosmos', true],
    ['namespace', '!=', 'bruno', false],
    ['pod', '=~', 'agent-.*', true],
    // The whole value, not a part of it.
    ['pod', '=~', 'agent', false],
    ['pod', '=~', 'x|agent-bruno-1', true],
    ['pod', '=~', '(?i)AGENT-BRUNO-[[:digit:]]', true],
    ['pod', '!~', 'hermes-.*', true],
    ['pod', '!~', 'agent-.*', false],
    // A label that is not there is the empty text.
    ['team', '=', '', true],
    ['team', '!=', 'sre', true],
    ['team', '=~', '.+', false],
    ['team', '!~', '.+', true],
  ] as const)('%s%s"%s" is %s', (name, sign, value, matches) => {
    expect(isMatched([matcher(name, sign, value)], LABELS)).toBe(matches);
  });

  test('hold together or not at all', () => {
    const both = [matcher('namespace', '=', 'bruno'), matcher('pod', '=~', 'hermes-.*')];
    expect(isMatched(both, LABELS)).toBe(false);
  });

  test('with an expression that others would think about for ever are answered at once', () => {
    const labels = { ...LABELS, pod: `${'a'.repeat(200)}!` };
    expect(isMatched([matcher('pod', '=~', '(a+)+$')], labels)).toBe(false);
  });
});

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** What Alertmanager 0.27 answers. */
function silence(state: string, changes: object = {}): object {
  return {
    id: `id-${state}`,
    status: { state },
    updatedAt: '2026-01-31T03:00:00.000Z',
    comment: 'node upgrade',
    createdBy: 'ana',
    startsAt: '2026-01-31T03:00:00.000Z',
    endsAt: '2026-01-31T05:00:00.000Z',
    matchers: [{ name: 'namespace', value: 'bruno', isRegex: false, isEqual: true }],
    ...changes,
  };
}

async function answering(status: number, body: unknown): Promise<string> {
  const server = await startServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  servers.push(server);
  return server.url;
}

const ask = (urls: string[]) => alertmanagerSilences(urls, [LABELS], AbortSignal.timeout(1_000));

describe("Alertmanager's silences", () => {
  test('count while they are active and match an alert, with who, why and until when', async () => {
    const others = silence('active', { id: 'x', matchers: [matcher('namespace', '=', 'kosmos')] });
    const url = await answering(200, [silence('active'), silence('expired'), silence('pending'), others]);
    expect(await ask([url])).toEqual([
      {
        id: 'id-active',
        source: 'alertmanager',
        by: 'ana',
        why: 'node upgrade',
        since: '2026-01-31T03:00:00.000Z',
        until: '2026-01-31T05:00:00.000Z',
      },
    ]);
  });

  test('of an old one without `isEqual` are meant as equal', async () => {
    const matchers = [{ name: 'namespace', value: 'bruno', isRegex: false }];
    expect(await ask([await answering(200, [silence('active', { matchers })])])).toHaveLength(1);
  });

  test('are heard of from one of several that answers', async () => {
    const url = await answering(200, [silence('active')]);
    expect(await ask(['http://127.0.0.1:9', url])).toHaveLength(1);
  });

  test.each([
    ['is away', async () => 'http://127.0.0.1:9'],
    ['answers with an error', () => answering(500, {})],
    ['is something else', () => answering(200, { status: 'success' })],
  ])('are not known where it %s', async (_, url) => {
    await expect(ask([await url()])).rejects.toMatchObject({
      code: 'unavailable',
      where: 'KINTSUGI_ALERTMANAGER_URL',
    });
  });
});
