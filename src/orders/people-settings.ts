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
    .optional()
    .describe("The person's member id in Slack"),
  pagerduty: z
    .string()
    .regex(/^[A-Z0-9]{3,30}$/, "a user's id like PLH1HKV: the end of the address of the user's profile in PagerDuty")
    .optional()
    .describe("The person's user id in PagerDuty"),
  role: z.enum(roles).describe('What the person may do: docs/security.md has the table'),
});

export type PersonSettings = z.infer<typeof person>;

export const peopleSettings = z
  .array(person)
  .default([])
  .refine(
    (people) => people.every(({ slack, pagerduty }) => slack !== undefined || pagerduty !== undefined),
    'every person has an id, in Slack, in PagerDuty or in both',
  )
  .refine((people) => isUnique(people.map(({ slack }) => slack)), 'every member id stands for one person')
  .refine((people) => isUnique(people.map(({ pagerduty }) => pagerduty)), 'every user id stands for one person')
  .describe('Who is who in Slack and PagerDuty. Whoever is not listed orders there without being verified');

function isUnique(ids: (string | undefined)[]): boolean {
  const given = ids.filter((id) => id !== undefined);
  return new Set(given).size === given.length;
}
