import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { acquireLeases, type Leases, type Scope } from '../../src/activities/lease.ts';
import { readPause } from '../../src/activities/pause.ts';
import { type FakeApi, startFakeApi } from '../kubernetes/fake-api.ts';

const SWITCH = 'GET /api/v1/namespaces/kintsugi/configmaps/kintsugi-pause';
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kintsugi/leases';

let api: FakeApi;
beforeEach(async () => {
  api = await startFakeApi();
});
afterEach(() => api.close());

test.each([
  ['forbidden', 403],
  ['away', 503],
])('a pause switch that is %s counts as paused, with that reason', async (_, status) => {
  api.answers[SWITCH] = status;
  expect(await readPause({ kubernetes: api.kubernetes, namespace: 'kintsugi' })).toMatchObject({
    paused: true,
    reason: expect.stringContaining('cannot be read'),
  });
});

test('a switch made by hand without more in it pauses; one that says false does not', async () => {
  const at = { kubernetes: api.kubernetes, namespace: 'kintsugi' };
  api.answers[SWITCH] = { data: {} };
  expect(await readPause(at)).toMatchObject({ paused: true, actor: 'unknown' });
  api.answers[SWITCH] = { data: { paused: 'false' } };
  expect(await readPause(at)).toEqual({ paused: false });
});

test('a recovery that cannot have all Leases keeps none that it took for it', async () => {
  const scopes: Scope[] = [{ namespace: 'bruno' }, { namespace: 'redis' }];
  let bruno: { metadata: object; spec: { holderIdentity: string } } | undefined;
  const redis = { metadata: { name: 'r' }, spec: { holderIdentity: 'other' } };
  const names = await leaseNames(scopes);
  const [first = '', second = ''] = names;
  api.answers[`GET ${LEASES}/${second}`] = redis;
  api.answers[`POST ${LEASES}`] = {};
  api.answers[`DELETE ${LEASES}/${first}`] = {};
  const leases: Leases = {
    kubernetes: api.kubernetes,
    namespace: 'kintsugi',
    isRunOpen: async () => {
      bruno = { metadata: { uid: 'u', resourceVersion: '1' }, spec: { holderIdentity: 'mine' } };
      api.answers[`GET ${LEASES}/${first}`] = bruno;
      return true;
    },
  };
  api.calls.length = 0;
  expect(await acquireLeases(leases, scopes, 'mine')).toEqual({ held: false, by: 'other', scope: scopes[1] });
  expect(api.calls).toEqual([
    `GET ${LEASES}/${first}`,
    `POST ${LEASES}`,
    `GET ${LEASES}/${second}`,
    `GET ${LEASES}/${first}`,
    `DELETE ${LEASES}/${first}`,
  ]);
});

test('a Lease is not broken while Temporal cannot tell whether its holder has ended', async () => {
  const [name = ''] = await leaseNames([{ namespace: 'bruno' }]);
  api.answers[`GET ${LEASES}/${name}`] = { metadata: { name }, spec: { holderIdentity: 'other' } };
  const isRunOpen = async () => Promise.reject(new Error('Temporal is away'));
  const leases = { kubernetes: api.kubernetes, namespace: 'kintsugi', isRunOpen };
  await expect(acquireLeases(leases, [{ namespace: 'bruno' }], 'mine')).rejects.toThrow('Temporal is away');
  expect(api.calls.filter((call) => !call.startsWith('GET'))).toEqual([]);
});

/** The names under which Leases are asked for, learnt from the calls. */
async function leaseNames(scopes: Scope[]): Promise<string[]> {
  const probe = await startFakeApi({ [`POST ${LEASES}`]: {} });
  try {
    await acquireLeases(
      { kubernetes: probe.kubernetes, namespace: 'kintsugi', isRunOpen: async () => false },
      scopes,
      'x',
    );
    return probe.calls.filter((call) => call.startsWith('GET')).map((call) => call.split('/').at(-1) ?? '');
  } finally {
    await probe.close();
  }
}
