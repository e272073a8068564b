import { z } from 'zod';
import { stability } from '../verification/stability.ts';
import type { Check } from './check.ts';

const params = z.strictObject({});

/** Safety 19, from the pods' own times. */
const check: Check<z.infer<typeof params>> = {
  name: 'restarts-stable',
  summary: 'Every pod has been ready in one container instance for the whole stability window.',
  params,
  async run({ state, window }) {
    return stability(state, window);
  },
};

export default check;
