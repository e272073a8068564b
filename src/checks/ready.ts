import { z } from 'zod';
import { readiness } from '../verification/readiness.ts';
import type { Check } from './check.ts';

const params = z.strictObject({});

/** Safety 18, from the API server's objects. */
const check: Check<z.infer<typeof params>> = {
  name: 'ready',
  summary: 'Every pod of the current revision is ready, as many as are wanted, and none is left over.',
  params,
  async run({ state, recordedDesired }) {
    return readiness(state, recordedDesired);
  },
};

export default check;
