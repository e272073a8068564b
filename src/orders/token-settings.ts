import { z } from 'zod';
import { roles } from './roles.ts';

/** Who may use the API, as the configuration file names them: a token is known by its hash alone. */

const name = z
  .string()
  .regex(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/, 'a name of lower-case letters, digits and dashes');

const token = z.strictObject({
  name: name.describe('Its own name, by which it is known in the log and taken back'),
  person: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .describe('Who orders with it; two tokens of one person are one person in a quorum'),
  role: z.enum(roles).describe('What its person may do: docs/security.md has the table'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'the SHA-256 as 64 hexadecimal digits, as `kintsugi token new` prints it')
    .describe('Hash of the token'),
  expires: z.iso
    .datetime({ offset: true, error: 'a time like 2027-01-31T00:00:00Z' })
    .optional()
    .describe('From when on it is refused'),
});

export type TokenSettings = z.infer<typeof token>;

const isUnique = (values: string[]): boolean => new Set(values).size === values.length;

export const tokenSettings = z
  .array(token)
  .default([])
  .refine((tokens) => isUnique(tokens.map((one) => one.name)), 'every token has a name of its own')
  .refine((tokens) => isUnique(tokens.map(({ sha256 }) => sha256)), 'every token has a hash of its own')
  .describe('Who may read and order by the API. Empty: nobody');
