import { z } from 'zod';
import { name, text } from './scalars.ts';

/** What a runbook is about: the workload, its variables and what it needs to run. */

export const target = z.strictObject({
  namespace: name.describe('An alert about another namespace is refused'),
  kinds: z
    .array(z.enum(['Deployment', 'StatefulSet', 'DaemonSet']))
    .min(1)
    .describe('What the workload may be'),
  name: name.optional().describe('One workload; without it every one of these kinds that the selector finds'),
  selector: text
    .optional()
    .describe(
      'A label selector: app=agent-bruno; without name and selector every workload of these kinds in the namespace',
    ),
  container: name.optional().describe('The container that the runbook is about; by default the first'),
  service: z
    .string()
    .regex(/^[a-z0-9][-a-z0-9]*:[0-9]+$/, 'a Service and its port: agent-bruno-service:8080')
    .optional()
    .describe('The Service in front of it, with its port: agent-bruno-service:8080'),
  command: z.array(z.string()).optional().describe('The command that the image should run'),
});

export const variable = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'an environment variable name')
    .describe('An environment variable that the container must have'),
  pattern: text.optional().describe('A regular expression that its value must match'),
  value: text.optional().describe('The value that the runbook gives it'),
});

export const dependency = z.strictObject({
  name: name.describe('What actions call it: `of: redis`'),
  type: z
    .enum(['redis', 'mongodb', 'http'])
    .describe('How it is asked whether it is well: PING, hello, a GET of `path`'),
  env: text.optional().describe('The variable that holds its address'),
  namespace: name,
  selector: text.describe('Label selector of its pods'),
  helmRelease: name.optional().describe('The HelmRelease that owns it'),
  port: z.int().min(1).max(65535).optional(),
  path: text.optional().describe('For http: the path that answers when it is well'),
  data: z
    .enum(['persistent', 'disposable'])
    .optional()
    .describe('disposable: replacing its pod may lose its data (safety 10)'),
});
