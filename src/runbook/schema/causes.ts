import { z } from 'zod';
import { link } from './link.ts';
import { remedy } from './remedies.ts';
import { text } from './scalars.ts';

/** All causes that a finding or a runbook may name (contracts.md). */
export const causeNames = [
  'application-startup-failure',
  'redis-connection-failure',
  'mongodb-connection-failure',
  'configuration-error',
  'oom-killed',
  'liveness-probe-failure',
  'permission-denied',
  'port-in-use',
  'ollama-timeout',
  'dependency-unavailable',
  'image-pull-failure',
  'missing-config-reference',
  'command-not-found',
  'init-container-failure',
  'readiness-probe-failure',
  'unschedulable',
  'volume-unavailable',
  'dns-failure',
  'service-without-endpoints',
  'node-failure',
  'api-permission-denied',
  'completed',
  'segmentation-fault',
  'memory-error',
  'quota-exceeded',
  'redis-full',
  'redis-read-only',
  'unresponsive',
  'unknown',
] as const;
export type Cause = (typeof causeNames)[number];

export const causeEntry = z
  .strictObject({
    cause: z.enum(causeNames).describe('What diagnosis calls it'),
    section: text.optional().describe("The written runbook's heading"),
    symptoms: z.array(text).default([]).describe('How it shows, for people; diagnosis has its own signatures'),
    remedies: z.array(remedy).default([]).describe('Tried in this order, none twice for the same finding'),
    person: text
      .optional()
      .describe(
        'What a person should do; required where there are no remedies. <namespace>, <kind>, <name>, <pod>, <container> and <labels> are filled in on the page',
      ),
    prevention: z.array(text).default([]),
    seeAlso: z.array(z.union([text, link])).default([]),
  })
  .refine((entry) => entry.remedies.length > 0 || entry.person !== undefined, {
    message: 'a cause without remedies says in `person` what a person should do',
    path: ['person'],
  });
