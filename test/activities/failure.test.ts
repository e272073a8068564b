import { expect, test } from '@jest/globals';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { RESULT_BYTES, stepErrorOf, withFailures } from '../../src/activities/failure.ts';
import { beating, HEARTBEAT_MS } from '../../src/activities/heartbeat.ts';
import { KintsugiError } from '../../src/errors.ts';
import { inActivity, quietEnvironment } from './in-activity.ts';

const details = { where: 'patch deployments bruno/agent-bruno', fix: 'Try again.' };

test('a fault that passes is retried by Temporal, a final one is not, and both keep code and report', async () => {
  const away = new KintsugiError('unavailable', 'the API server is away', details);
  const denied = new KintsugiError('forbidden', 'not allowed', details);
  const run = (error: unknown) => inActivity(() => withFailures(async () => Promise.reject(error))(undefined));
  await expect(run(away)).rejects.toMatchObject({ type: 'unavailable', nonRetryable: false, details: [away.report()] });
  await expect(run(denied)).rejects.toMatchObject({ type: 'forbidden', nonRetryable: true });
  await expect(run(denied)).rejects.toBeInstanceOf(ApplicationFailure);
});

test('what nobody foresaw is retried as unexpected', async () => {
  const run = inActivity(() => withFailures(async () => Promise.reject(new TypeError('x is undefined')))(undefined));
  await expect(run).rejects.toMatchObject({ type: 'unexpected', nonRetryable: false, message: 'x is undefined' });
});

test('an answer over the limit fails for good with its size instead of failing the run', async () => {
  const fits = 'x'.repeat(RESULT_BYTES - 2);
  await expect(inActivity(() => withFailures(async () => fits)(undefined))).resolves.toBe(fits);
  await expect(inActivity(() => withFailures(async () => `${fits}y`)(undefined))).rejects.toMatchObject({
    type: 'invalid',
    nonRetryable: true,
    message: expect.stringContaining(`${RESULT_BYTES + 1} bytes`),
  });
});

test('a cancelled step ends as cancelled, whatever its last call threw', async () => {
  const environment = quietEnvironment();
  const step = withFailures(async () =>
    beating(async ({ heartbeat, signal }) => {
      environment.cancel('CANCELLED');
      expect(signal.aborted).toBe(true);
      heartbeat('still here');
    }),
  );
  await expect(inActivity(() => step(undefined), environment)).rejects.toBeInstanceOf(CancelledFailure);
});

test('a step that waits goes on beating with the last thing it said', async () => {
  const environment = quietEnvironment();
  const beats: string[] = [];
  const saidTwice = new Promise<void>((resolve) => {
    environment.on('heartbeat', (detail: string) => {
      beats.push(detail);
      if (beats.filter((beat) => beat === 'waiting for pods').length === 2) resolve();
    });
  });
  await inActivity(
    () =>
      beating(async ({ heartbeat }) => {
        heartbeat('waiting for pods');
        await saidTwice;
      }),
    environment,
  );
  expect(beats).toEqual(['started', 'waiting for pods', 'waiting for pods']);
  expect(HEARTBEAT_MS).toBeLessThanOrEqual(500);
});

test('an error becomes what events record: code, message, where and fix', () => {
  expect(stepErrorOf(new KintsugiError('refused', 'no', details))).toEqual({
    code: 'refused',
    message: 'no',
    ...details,
  });
  expect(stepErrorOf('odd')).toEqual({ code: 'unexpected', message: 'odd' });
});
