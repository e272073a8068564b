import { describe, expect, test } from '@jest/globals';
import { changeSilences, type SilenceRequestDependencies } from '../../src/activities/silence-requests.ts';
import { createSigner, publicKeyOf } from '../../src/orders/sign.ts';
import type { SilenceRequest } from '../../src/recovery/silence-answers.ts';
import { signedSilence } from '../../src/silences/signed.ts';
import { silencesInMemory } from '../silences/memory.ts';

const SEED = 'a1'.repeat(32);
const TARGET = 'bruno/deployment/agent-bruno';
const add: SilenceRequest & { what: 'add' } = {
  ...{ what: 'add', id: 's1', target: TARGET, forMs: 3_600_000, actor: 'ana@example.org', reason: 'node upgrade' },
};
const end: SilenceRequest & { what: 'end' } = { what: 'end', id: 's1', actor: 'bo@example.org', reason: 'done' };

function list(): SilenceRequestDependencies {
  return { ...silencesInMemory(), orderPublicKeys: [publicKeyOf(SEED)] };
}

function signed<Request extends typeof add | typeof end>(request: Request, at = new Date()): Request {
  return { ...request, signed: createSigner(SEED, () => at)(signedSilence(request)) };
}

describe('silences that a front door asks for', () => {
  test('are set, listed and ended, each with who did it, and whether that was verified', async () => {
    const where = list();
    const set = await changeSilences(where, signed(add));
    expect(set.silences).toMatchObject([{ id: 's1', target: TARGET, actor: 'ana@example.org', verified: true }]);
    const unsigned = await changeSilences(where, { ...add, id: 's2' });
    expect(unsigned.silences[0]?.verified).toBeUndefined();
    await changeSilences(where, signed(end));
    const { silences } = await changeSilences(where, { what: 'list' });
    expect(silences.find(({ id }) => id === 's1')?.ended).toMatchObject({ by: 'bo@example.org', reason: 'done' });
  });

  test('are set and ended once, however often the same is asked for', async () => {
    const where = list();
    const first = await changeSilences(where, add);
    expect(await changeSilences(where, add)).toEqual(first);
    const ended = await changeSilences(where, end);
    expect(await changeSilences(where, end)).toEqual(ended);
    await expect(changeSilences(where, { ...end, actor: 'carla' })).rejects.toMatchObject({ code: 'not-found' });
    expect((await changeSilences(where, { what: 'list' })).silences).toHaveLength(1);
  });

  test.each([
    ['of another target', { ...signed(add), target: 'bruno/deployment/other' }],
    ['of another person', { ...signed(add), actor: 'mallory' }],
    ['of another silence', { ...signed(end), id: 's2' }],
    ['that was signed long ago', signed(add, new Date(Date.now() - 600_000))],
  ])('are refused with a signature %s', async (_, request) => {
    await expect(changeSilences(list(), request)).rejects.toMatchObject({ code: 'invalid' });
  });

  test('are unverified where the worker does not know the key', async () => {
    const { silences } = await changeSilences({ ...list(), orderPublicKeys: [] }, signed(add));
    expect(silences[0]?.verified).toBeUndefined();
  });

  test.each([{ runbook: 'r' }, { target: undefined }])(
    'are of one target or one runbook, and not of %j',
    async (about) => {
      const request = { ...add, ...about } as SilenceRequest;
      await expect(changeSilences(list(), request)).rejects.toMatchObject({ code: 'invalid' });
    },
  );

  test('that are more than an answer holds are said to be', async () => {
    const where = list();
    for (let n = 1; n <= 20; n += 1) await changeSilences(where, { ...add, id: `s${n}`, reason: 'x'.repeat(2_000) });
    const { silences, leftOff } = await changeSilences(where, { what: 'list' });
    expect(silences.length + (leftOff ?? 0)).toBe(20);
    expect(JSON.stringify(silences).length).toBeLessThan(32 * 1024);
  });
});
