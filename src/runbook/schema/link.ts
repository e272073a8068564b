import { z } from 'zod';
import { text } from './scalars.ts';

/** A document that a runbook leads to. */
export const link = z.strictObject({
  title: text,
  url: text.describe('An address, or a path inside this repository'),
  external: z
    .boolean()
    .optional()
    .describe('True where the document lies outside this repository and was not resolved'),
});
