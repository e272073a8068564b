import { expect, test } from '@jest/globals';
import type { Activities } from '../../src/recovery/activities.ts';
import { phaseOf } from '../../src/recovery/phase.ts';
import { needs } from '../needs.ts';
import { raisePlan } from '../recovery/samples.ts';
import { besideWorker, close, order, recordOf, until } from './environment.ts';
import { gate } from './hold.ts';
import { brokenLook, script } from './scripted-activities.ts';
import { devServer, serverOfFile } from './servers.ts';

needs('temporal');

const LIMIT = 60_000;

const server = serverOfFile(devServer);

test(
  'a person who takes over lets the write under way end, has no other begun, and closes it with what stands named',
  () => {
    const writing = gate();
    const applyAction: Activities['applyAction'] = async () => {
      await writing.wait();
      return { outcome: 'applied' };
    };
    const played = script({ applyAction, look: async () => brokenLook });
    return besideWorker(server.environment, played.activities, async ({ handle }) => {
      await writing.reached;
      await order(handle, 'takeOver', { reason: 'I know this one' });
      const refused = await order(handle, 'takeOver').catch((thrown: unknown) => thrown);
      expect(refused).toMatchObject({
        cause: { type: 'refused', message: expect.stringMatching(/taken over already/) },
      });
      writing.open();
      const { record } = await until(handle, (now) => now.record.inFlight.target === null && !now.record.leaseHeld);
      expect(record.attempts[0]).toMatchObject({ stage: 'taken-over', actions: [{ outcome: 'applied' }] });
      expect(phaseOf(record)).toBe('taken-over');
      await close(handle);
      const { record: closed } = await recordOf(handle);
      expect(closed.closed).toMatchObject({ outcome: 'closed', standing: [raisePlan.summary] });
      expect(played.calls.filter((name) => name === 'applyAction')).toHaveLength(1);
      expect(played.calls).not.toContain('compensate');
      expect(played.calls).not.toContain('verify');
      expect(played.calls).toContain('release');
    });
  },
  LIMIT,
);

test(
  'a person who hands back has the target diagnosed anew, and the next remedy tried',
  () => {
    const verifying = gate();
    let verified = 0;
    const good = script().activities;
    const verify: Activities['verify'] = async (input) => {
      verified += 1;
      if (verified === 1) await verifying.wait();
      return good.verify(input);
    };
    const played = script({ verify, look: async () => brokenLook });
    return besideWorker(server.environment, played.activities, async ({ handle }) => {
      await verifying.reached;
      await order(handle, 'takeOver');
      await until(handle, ({ record }) => record.inFlight.target === null);
      await order(handle, 'handBack', { actor: 'bo' });
      const { record } = await until(handle, (now) => now.record.attempts.length === 2);
      expect(record.round).toBe(2);
      expect(record.attempts.map(({ remedy, stage }) => `${remedy} ${stage}`)[0]).toBe('raise-memory taken-over');
      expect(record.attempts[1]?.remedy).toBe('roll-back');
      await close(handle);
      verifying.open();
    });
  },
  LIMIT,
);
