import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { heldBackNow } from '../../src/activities/holding-back.ts';
import { modeVoice, readModeVoice } from '../../src/activities/mode-annotation.ts';
import { askSilences } from '../../src/activities/silences.ts';
import { startServer, type TestServer } from '../http/server.ts';
import { type FakeApi, startFakeApi } from '../kubernetes/fake-api.ts';

const TARGET = { namespace: 'test', kind: 'Deployment', name: 'app' };
const MAPS = 'GET /api/v1/namespaces/kintsugi/configmaps';
const SILENCES = `${MAPS}/kintsugi-silences`;
const WORKLOAD = 'GET /apis/apps/v1/namespaces/test/deployments/app';
const NAMESPACE = 'GET /api/v1/namespaces/test';
const MODE = 'kintsugi.dev/mode';

let api: FakeApi;
let alertmanager: TestServer;
/** What Alertmanager answers; null leaves the request open. */
let others: object[] | null;
beforeEach(async () => {
  api = await startFakeApi();
  others = [];
  alertmanager = await startServer((_request, response) => {
    if (others !== null) response.writeHead(200).end(JSON.stringify(others));
  });
});
afterEach(async () => {
  await api.close();
  await alertmanager.close();
});

const where = () => ({
  kubernetes: api.kubernetes,
  namespace: 'kintsugi',
  alertmanagerUrls: [alertmanager.url],
  log: pino({ level: 'silent' }),
});
const asked = { runbook: 'r', target: TARGET, alerts: [{ alertname: 'A', namespace: 'test' }] };
const ask = (more: object = {}) => askSilences(where(), { ...asked, ...more }, AbortSignal.timeout(5_000));

function entry(id: string, untilMs: number, changes: object = {}): Record<string, string> {
  const since = new Date(Date.now() - 60_000).toISOString();
  const until = new Date(Date.now() + untilMs).toISOString();
  const own = { id, target: 'test/deployment/app', actor: 'ana', reason: 'node upgrade', since, until };
  return { [id]: JSON.stringify({ ...own, ...changes }) };
}

function workload(annotations: Record<string, string>): object {
  const template = { spec: { containers: [{ name: 'app', image: 'a' }] } };
  const metadata = { name: 'app', namespace: 'test', uid: 'u', resourceVersion: '1', annotations };
  return { metadata, spec: { selector: {}, template } };
}

describe('what people say of a target', () => {
  test('is nothing where nobody said anything', async () => {
    expect(await ask()).toEqual({ silence: null, unread: [], voice: null });
  });

  test('is of several silences the one that lasts longest, Kintsugi’s own or Alertmanager’s', async () => {
    api.answers[SILENCES] = { data: { ...entry('short', 60_000), ...entry('long', 600_000) } };
    expect((await ask()).silence).toMatchObject({ id: 'long', source: 'kintsugi' });
    others = [
      {
        ...{ id: 'am', status: { state: 'active' }, createdBy: 'bo', comment: 'c', startsAt: '2026-01-31T03:00:00Z' },
        endsAt: new Date(Date.now() + 3_600_000).toISOString(),
        matchers: [{ name: 'namespace', value: 'test', isRegex: false, isEqual: true }],
      },
    ];
    expect((await ask()).silence).toMatchObject({ id: 'am', source: 'alertmanager', by: 'bo' });
  });

  test('tells who ended the silence that the recovery knows of', async () => {
    const ended = { by: 'bo', at: new Date().toISOString(), reason: 'done' };
    api.answers[SILENCES] = { data: entry('s1', 600_000, { ended }) };
    expect(await ask({ known: 's1' })).toMatchObject({ silence: null, endedBy: 'bo' });
  });

  test('is told as not read where a source gives no answer, within two seconds', async () => {
    api.answers[SILENCES] = 503;
    api.answers[WORKLOAD] = 403;
    others = null;
    const begun = Date.now();
    const { silence, unread } = await ask();
    expect(silence).toBeNull();
    expect(unread.map(({ source }) => source)).toEqual(['kintsugi', 'alertmanager', 'annotation']);
    expect(Date.now() - begun).toBeLessThan(2_000);
  });
});

describe('right before a write', () => {
  const about = { ...asked, isOrdered: false, isApproved: false, goesOnUnread: false };
  const held = (more: object = {}) => heldBackNow(where(), { ...about, ...more }, AbortSignal.timeout(5_000));

  test('nothing stands against it where nobody said anything', async () => {
    expect(await held()).toBeNull();
  });

  test('a silence holds it back, but not what a person ordered', async () => {
    api.answers[SILENCES] = { data: entry('s1', 600_000) };
    expect(await held()).toMatchObject({ outcome: 'held-back', silence: { id: 's1' } });
    expect(await held({ isOrdered: true, isApproved: true })).toBeNull();
  });

  test('silences that cannot be read hold it back for a while; an Alertmanager that is away does not', async () => {
    others = null;
    expect(await held()).toBeNull();
    api.answers[SILENCES] = 503;
    expect(await held()).toMatchObject({ unread: true, why: expect.stringMatching(/^the silences cannot be read/) });
    expect(await held({ goesOnUnread: true })).toBeNull();
  });

  test('the annotation `observe` holds everything back, `approve` what nobody has approved', async () => {
    api.answers[WORKLOAD] = workload({ [MODE]: 'observe' });
    expect(await held({ isOrdered: true, isApproved: true })).toMatchObject({ voice: { mode: 'observe' } });
    api.answers[WORKLOAD] = workload({ [MODE]: 'approve' });
    expect(await held()).toMatchObject({ voice: { mode: 'approve' } });
    expect(await held({ isApproved: true })).toBeNull();
    api.answers[WORKLOAD] = workload({ [MODE]: 'auto' });
    expect(await held()).toBeNull();
  });

  test('an annotation that cannot be read holds it back for a while', async () => {
    api.answers[WORKLOAD] = 503;
    expect(await held()).toMatchObject({
      unread: true,
      why: expect.stringMatching(/^the target's mode cannot be read/),
    });
    expect(await held({ goesOnUnread: true })).toBeNull();
  });
});

describe('the annotation kintsugi.dev/mode', () => {
  test('of the workload and of its namespace: the more cautious counts, and is named', async () => {
    api.answers[WORKLOAD] = workload({ [MODE]: 'auto' });
    api.answers[NAMESPACE] = { metadata: { name: 'test', annotations: { [MODE]: 'approve' } } };
    expect(await readModeVoice(api.kubernetes, TARGET)).toEqual({
      mode: 'approve',
      source: 'kintsugi.dev/mode of namespace test',
    });
  });

  test.each(['Observe', 'off', '', 'manual'])(
    'with the value "%s" counts as observe, and it is said what would be right',
    (value) => {
      const voice = modeVoice(TARGET, { [MODE]: value }, undefined);
      expect(voice?.mode).toBe('observe');
      expect(voice?.fault).toMatch(/is no mode and counts as observe; right would be observe, approve, auto$/);
    },
  );

  test('is no voice where there is none, or the target is gone', async () => {
    expect(modeVoice(TARGET, {}, undefined)).toBeNull();
    expect(await readModeVoice(api.kubernetes, TARGET)).toBeNull();
  });
});
