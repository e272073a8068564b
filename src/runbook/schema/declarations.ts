import { z } from 'zod';
import { text } from './scalars.ts';

/** What a parameter may be; `src/runbook/parameters.ts` holds what each accepts. */
export const parameterTypes = ['string', 'boolean', 'number', 'quantity', 'duration', 'time'] as const;

const declaration = z.strictObject({
  type: z.enum(parameterTypes).describe('A time is RFC 3339: 2026-01-31T03:15:00Z'),
  required: z.boolean().default(false).describe('A start without it is refused'),
  default: z
    .union([z.string(), z.number(), z.boolean()])
    .optional()
    .describe('What it is where the start does not say'),
  text: text.optional().describe('What it is for, to the person who starts the runbook'),
});

/** A parameter as the runbook declares it, or its default alone. */
export const parameter = z.union([declaration, z.string(), z.number(), z.boolean(), z.array(z.json())]);

export type Declaration = z.infer<typeof declaration>;
