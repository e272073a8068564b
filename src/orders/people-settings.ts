import { z } from 'zod';
import { roles } from './roles.ts';

/** People whom another front door than the API knows, as the configuration file names them. */

const person = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .describe('The person, called as in `tokens`: in a quorum one person, whatever the door'),
  slack: z
    .string()
    .regex(/^[UW][A-Z0-9]{2,30}$/, "a member's id like U012ABCDEF: in Slack's profile, under the three dots")
    .describe("The person's member id in Slack"),
  role: z.enum(roles).describe('What the person may do: docs/security.md has the table'),
});

export type PersonSettings = z.infer<typeof person>;

export const peopleSettings = z
  .array(person)
  .default([])
  .refine(
    (people) => new Set(people.map(({ slack }) => slack)).size === people.length,
    'every member id stands for one person',
  )
  .describe('Who is who in Slack. Whoever is not listed orders there without being verified');
