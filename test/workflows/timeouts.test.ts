import { expect, test } from '@jest/globals';
import { longestWait } from '../../src/verification/wait.ts';
import { verificationTimeout } from '../../src/workflows/activities.ts';

/** The memory's second measurement (45 s), and checks that each have to wait for an answer. */
const AFTER_THE_WAIT_MS = 90_000;

test.each([60, 300, 900])('verification with a longest window of %i s is not cut short before its own limit', (max) => {
  expect(verificationTimeout(max)).toBeGreaterThanOrEqual(longestWait(max * 1000) + AFTER_THE_WAIT_MS);
});
