import { z } from 'zod';
import { buildHook } from '../builds/settings.ts';
import { peopleSettings } from '../orders/people-settings.ts';
import { tokenSettings } from '../orders/token-settings.ts';

/** The configuration file named by KINTSUGI_CONFIG: what does not fit into one variable. */

const label = z
  .string()
  .regex(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/, 'a name of lower-case letters, digits and dashes');

export const fileSchema = z.strictObject({
  auto: z
    .array(
      z.strictObject({
        namespace: label.describe('Namespace in which remedies run by themselves'),
        runbooks: z.array(label).min(1).optional().describe('Only for these runbooks; without it, for all'),
      }),
    )
    .default([])
    .describe('Where the mode is auto. Empty: nothing is done by itself (safety 1)'),
  registries: z
    .strictObject({
      mirrors: z
        .record(z.string(), z.url({ protocol: /^https?$/, error: 'an address that begins with http:// or https://' }))
        .default({})
        .describe("A registry's host to the address that the nodes pull from: {ghcr.io: http://10.0.0.1:5000}"),
    })
    .prefault({}),
  notifiers: z
    .strictObject({
      default: z
        .array(label)
        .min(1)
        .default(['webhook', 'log'])
        .describe(
          'What the notifier `default` is, in the order of fallback: it is told where a runbook does not say whom, and where none could be read',
        ),
      named: z
        .array(
          z.looseObject({
            name: label.describe('What `notify` of a runbook and `default` name it by'),
            type: z.string().describe('Its kind; the settings of each stand below'),
          }),
        )
        .default([])
        .describe('Ways to reach people, besides the webhook of KINTSUGI_WEBHOOK_URL and the log'),
    })
    .prefault({}),
  builds: z
    .array(buildHook)
    .default([])
    .refine(
      (builds) => new Set(builds.map(({ name }) => name)).size === builds.length,
      'every hook has a name of its own',
    )
    .describe('How images are rebuilt, for the action rebuild-image'),
  tokens: tokenSettings,
  people: peopleSettings,
  limits: z
    .strictObject({
      cachedWorkflows: z.int().min(1).default(200).describe('Recoveries that the worker keeps in memory'),
      concurrentActivities: z.int().min(1).default(50).describe('Steps that the worker runs at the same time'),
    })
    .prefault({}),
});

export type ConfigurationFile = z.infer<typeof fileSchema>;
