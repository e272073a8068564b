import { z } from 'zod';
import type { RecordAnswer } from '../workflows/recovery.ts';

/** What must hold of an answer before it is shown; the rest belongs to the worker's version, which may be newer. */
const shape = z.looseObject({
  record: z.looseObject({
    seq: z.number(),
    now: z.string(),
    recoveryId: z.string(),
    workflowId: z.string(),
    runbookName: z.string(),
    episode: z.looseObject({ deadline: z.string() }),
    attempts: z.array(z.looseObject({ n: z.number(), stage: z.string(), plans: z.array(z.unknown()) })),
    pages: z.array(z.looseObject({ rungs: z.array(z.unknown()) })),
  }),
  events: z.array(z.looseObject({ seq: z.number(), at: z.string(), kind: z.string() })),
});

/** Parses the answer to the query `record`; null for the answer of something that is no recovery. */
export const recordAnswer = z.custom<RecordAnswer>((value) => shape.safeParse(value).success);
