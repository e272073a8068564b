import { z } from 'zod';

/** `dataCheck` of a runbook: how restored data is told from an empty volume, since ready on an empty volume is not restored (safety 24). */

const text = z.string().min(1);
const pattern = text.describe('A regular expression that the answer must match').optional();

export const dataCheck = z
  .strictObject({
    exec: z
      .strictObject({
        command: z.array(text).min(1).describe('A program that only reads, with its arguments, run in the container'),
        pattern,
      })
      .optional(),
    http: z
      .strictObject({
        path: z.string().regex(/^\/[^?#]*$/, 'a path with its leading slash: /state'),
        port: z.int().min(1).max(65535).optional(),
        pattern,
      })
      .optional(),
    minimum: z
      .strictObject({
        pointer: z
          .string()
          .regex(/^\//, 'a JSON Pointer: /conversations')
          .describe('JSON Pointer into the answer, which is then JSON'),
        value: z.number().describe('At least this much stands there'),
      })
      .optional(),
  })
  .refine(({ exec, http }) => (exec === undefined) !== (http === undefined), {
    message: 'the data is asked for by exec or by http, one of the two',
    path: ['exec'],
  })
  .refine(({ exec, http, minimum }) => (exec ?? http)?.pattern !== undefined || minimum !== undefined, {
    message: 'say how data is told from an empty volume: a pattern, or a minimum',
    path: ['minimum'],
  });
