import { z } from 'zod';
import { milliseconds } from '../recovery/durations.ts';
import { duration } from '../runbook/schema/scalars.ts';

/** How an image is rebuilt, as the configuration file says it under `builds`; runbooks only name a hook. */

const label = z
  .string()
  .regex(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/, 'a name of lower-case letters, digits and dashes');
const pointer = z.string().regex(/^(?:\/[^/]+)+$/, 'a JSON Pointer like /build/digest');
const words = z.array(z.string().min(1)).min(1);

/** What a Job must have to be one; everything else is Kubernetes' to judge. */
export const jobManifest = z.looseObject({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('Job'),
  metadata: z.looseObject({}).optional(),
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({
        containers: z
          .array(z.looseObject({ name: z.string(), image: z.string(), env: z.array(z.json()).optional() }))
          .min(1),
      }),
    }),
  }),
});
export type JobManifest = z.infer<typeof jobManifest>;

const job = z
  .strictObject({
    namespace: label.describe('Where the Job runs; a namespace of its own keeps its rights apart'),
    manifest: jobManifest
      .optional()
      .describe('The Job; its containers are told commit and image by environment variables'),
    configMap: z
      .strictObject({ name: label, key: z.string().default('job.yaml') })
      .optional()
      .describe('The ConfigMap of that namespace with the Job, in place of `manifest`'),
  })
  .refine(({ manifest, configMap }) => (manifest === undefined) !== (configMap === undefined), {
    message: 'either a manifest or the configMap that holds it',
    path: ['manifest'],
  });
export type JobSettings = z.infer<typeof job>;

const http = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'an address that begins with http:// or https://' })
    .describe('POST here starts a build; the body is JSON with image, commit, recovery and target'),
  headersFile: z
    .string()
    .min(1)
    .optional()
    .describe('A file with one `Name: value` a line (a mounted Secret); sent to this address and its status only'),
  body: z.record(z.string(), z.json()).default({}).describe('More members of the body'),
  status: pointer.optional().describe("Where the answer holds the status' address; without it the header Location"),
  state: pointer.default('/state').describe('Where the status holds its state'),
  succeeded: words.default(['succeeded', 'success']).describe('States of a build that is done'),
  failed: words
    .default(['failed', 'failure', 'error', 'canceled', 'cancelled'])
    .describe('States of a build that will never be done'),
  digest: pointer.default('/digest').describe('Where the status of a build that is done holds the digest'),
  poll: duration.default('5s').describe('How often the status is asked'),
});
export type HttpSettings = z.infer<typeof http>;

export const buildHook = z
  .strictObject({
    name: label.describe('What `rebuild-image: {hook: NAME}` names'),
    timeout: duration.default('10m').describe('A build that takes longer has failed; 30m at most'),
    job: job.optional().describe('A Kubernetes Job'),
    http: http.optional().describe('A call to a CI system, and a status that is asked until it is done'),
  })
  .refine((hook) => (hook.job === undefined) !== (hook.http === undefined), {
    message: 'either a job or an http call',
    path: ['job'],
  })
  .refine(({ timeout }) => secondsOf(timeout) >= 1 && secondsOf(timeout) <= 1800, {
    message: 'a timeout from 1s to 30m',
    path: ['timeout'],
  });
export type BuildHookSettings = z.infer<typeof buildHook>;

/** A written duration in seconds. */
export function secondsOf(text: string): number {
  return milliseconds(text) / 1000;
}
