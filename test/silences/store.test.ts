import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { V1ConfigMap } from '@kubernetes/client-node';
import { entrySchema, isAbout, isActive, silenceOf } from '../../src/silences/entry.ts';
import { addSilence, endSilence, readSilences, type SilenceList } from '../../src/silences/store.ts';
import { type FakeApiServer, refuse, startApiServer } from '../checks/api-server.ts';

const PATH = '/api/v1/namespaces/kintsugi/configmaps/kintsugi-silences';
const TARGET = { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' };
const HOUR = 3_600_000;

let api: FakeApiServer;
let list: SilenceList;
let stored: V1ConfigMap | null;
/** Somebody else writes between the reading and the writing of this many changes. */
let races: number;

beforeEach(async () => {
  stored = null;
  races = 0;
  const write = (body: string) => {
    stored = JSON.parse(body);
    const version = String(Number(stored?.metadata?.resourceVersion ?? 0) + 1);
    if (stored?.metadata !== undefined) stored.metadata.resourceVersion = version;
  };
  api = await startApiServer({
    '/api/v1/namespaces/kintsugi/configmaps': ({ body }, response) => {
      if (stored !== null) return refuse(response, 409, 'it is there already');
      write(body);
      response.writeHead(201, { 'content-type': 'application/json' }).end(body);
    },
    [PATH]: ({ method, body }, response) => {
      if (method === 'GET') {
        if (stored === null) return refuse(response, 404, 'not there');
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(stored));
        return;
      }
      const given: V1ConfigMap = JSON.parse(body);
      if (races > 0) {
        races -= 1;
        if (stored?.metadata !== undefined) stored.metadata.resourceVersion = '99';
      }
      if (given.metadata?.resourceVersion !== stored?.metadata?.resourceVersion)
        return refuse(response, 409, 'another one has written');
      write(body);
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    },
  });
  list = { kubernetes: api.kubernetes, namespace: 'kintsugi' };
});
afterEach(() => api.close());

const add = (reason = 'node upgrade') =>
  addSilence(list, { scope: { target: TARGET }, actor: 'ana', reason, forMs: HOUR });

describe('the list of silences', () => {
  test('is made with the first, and keeps who, why, from when and until when', async () => {
    const entry = await add();
    expect(await readSilences(list)).toEqual([entry]);
    expect(silenceOf(entry)).toMatchObject({ source: 'kintsugi', by: 'ana', why: 'node upgrade' });
    expect(Date.parse(entry.until) - Date.parse(entry.since)).toBe(HOUR);
  });

  test('holds from the moment it is written, also where the clock of who set it is ahead', async () => {
    const entry = await add();
    const behind = new Date(Date.parse(entry.since) - 120_000);
    expect(isActive(entry, behind)).toBe(true);
    expect(isActive(entry, new Date(entry.until))).toBe(false);
  });

  test.each([
    ['who', { actor: ' ', reason: 'node upgrade' }],
    ['who', { actor: '\u200B', reason: 'node upgrade' }],
    ['why', { actor: 'ana', reason: '' }],
    ['why', { actor: 'ana', reason: ' \n ' }],
  ])('takes none that does not say %s (%j)', async (_what, said) => {
    await expect(addSilence(list, { scope: { target: TARGET }, forMs: HOUR, ...said })).rejects.toMatchObject({
      code: 'invalid',
    });
    const entry = { id: 'x', target: 'a/deployment/b', since: '2026-01-31T03:00:00Z', until: '2026-01-31T05:00:00Z' };
    expect(entrySchema.safeParse({ ...entry, ...said }).success).toBe(false);
  });

  test('keeps who and why in words that drive no terminal', async () => {
    const esc = String.fromCharCode(27);
    const said = { actor: ` ana\n${esc}[2J `, reason: `upgrade${esc}[2J ` };
    const entry = await addSilence(list, { scope: { target: TARGET }, forMs: HOUR, ...said });
    expect(entry).toMatchObject({ actor: 'ana \uFFFD[2J', reason: 'upgrade\uFFFD[2J' });
    const ended = await endSilence(list, entry.id, { actor: 'bo\nbo', reason: `done${esc}` });
    expect(ended.ended).toMatchObject({ by: 'bo bo', reason: 'done\uFFFD' });
    await expect(endSilence(list, entry.id, { actor: ' ', reason: '' })).rejects.toMatchObject({ code: 'invalid' });
  });

  test('loses nothing when several people write at one moment', async () => {
    await add('first');
    races = 3;
    await add('second');
    expect((await readSilences(list)).map(({ reason }) => reason).sort()).toEqual(['first', 'second']);
  });

  test('keeps one that was ended for a day, with who ended it, and it holds no more', async () => {
    const { id } = await add();
    const ended = await endSilence(list, id, { actor: 'bo', reason: 'done' });
    expect(ended.ended).toMatchObject({ by: 'bo', reason: 'done' });
    expect(isActive(ended, new Date())).toBe(false);
    await expect(endSilence(list, id, { actor: 'carla', reason: '' })).rejects.toMatchObject({ code: 'not-found' });
  });

  test('drops what has been over for a day with the next change', async () => {
    const { id } = await add('old');
    const over = JSON.parse(stored?.data?.[id] ?? '');
    const until = new Date(Date.now() - 25 * HOUR).toISOString();
    if (stored?.data !== undefined) stored.data[id] = JSON.stringify({ ...over, until });
    await add('new');
    expect((await readSilences(list)).map(({ reason }) => reason)).toEqual(['new']);
  });

  test('takes none that is longer than a day, or that has an end before its begin', async () => {
    for (const forMs of [25 * HOUR, 0, -1])
      await expect(
        addSilence(list, { scope: { runbook: 'r' }, actor: 'ana', reason: 'x', forMs }),
      ).rejects.toMatchObject({ code: 'invalid', where: '--for' });
  });

  test('with an entry that nobody can understand is no list: that may be the one that somebody relies on', async () => {
    await add();
    if (stored?.data !== undefined) stored.data.mine = 'quiet, please';
    await expect(readSilences(list)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('mine'),
    });
  });
});

test('a silence is about its target alone, or about every target of its runbook', async () => {
  const of = await add();
  const runbook = await addSilence(list, { scope: { runbook: 'r' }, actor: 'ana', reason: 'x', forMs: HOUR });
  const asked = { runbook: 'r', target: TARGET };
  expect([isAbout(of, asked), isAbout(runbook, asked)]).toEqual([true, true]);
  const other = { runbook: 's', target: { ...TARGET, name: 'other' } };
  expect([isAbout(of, other), isAbout(runbook, other)]).toEqual([false, false]);
  expect(isAbout(of, { runbook: 'r', target: null })).toBe(false);
});
