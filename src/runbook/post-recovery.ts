import { z } from 'zod';

/** The part of a runbook's schema that says what is looked at, and asked of people, once the target has recovered. */

const text = z.string().min(1).describe('As the written runbook has it');

/** Made from the schemas that it shares with the rest of the runbook, which imports it. */
export function postRecoverySchema<Check extends z.ZodType>(shared: { duration: z.ZodString; checkCall: Check }) {
  const query = z.strictObject({
    name: text.describe('What it measures, for people: restarts since the recovery'),
    query: z
      .string()
      .min(1)
      .describe(
        'PromQL; $namespace, $kind, $name, $container, $pods (an expression that meets the present pods) and the parameters are filled in',
      ),
    min: z.number().optional().describe('Every value is at least this'),
    max: z.number().optional().describe('Every value is at most this'),
  });
  const point = z.discriminatedUnion('id', [
    z.strictObject({
      id: z.literal('function').describe('Asks the target as its users do'),
      text,
      checks: z
        .array(shared.checkCall)
        .min(1)
        .optional()
        .describe("Checks besides `ready` and `restarts-stable`; without them the verification's `http` checks"),
    }),
    z.strictObject({
      id: z.literal('metrics').describe('Asks Prometheus (KINTSUGI_PROMETHEUS_URL)'),
      text,
      queries: z.array(query).min(1),
    }),
    z.strictObject({
      id: z.literal('logs').describe('Reads what the pods have logged since the recovery: crashes and errors'),
      text,
    }),
    z.strictObject({
      id: z.literal('root-cause').describe('A person says it; where people were paged, closing asks for it'),
      text,
    }),
    z.strictObject({ id: z.literal('runbook').describe('What this recovery suggests to change in the runbook'), text }),
    z.strictObject({ id: z.literal('post-mortem').describe('The command that writes its draft'), text }),
  ]);
  return z.strictObject({
    after: shared.duration
      .default('5m')
      .describe('How long after the recovery it is filled in, once: the time that metrics and logs are looked at over'),
    points: z.array(point).min(1),
  });
}

/** What `$name` in a query may be besides a parameter. */
export const QUERY_NAMES = ['namespace', 'kind', 'name', 'container', 'pods'] as const;

/** A `$name` inside PromQL; what else begins with `$` (the end of an expression, `$1`) stays as it is. */
const QUERY_NAME = /\$([A-Za-z]\w*)/g;

/** The names that a query mentions. */
export function namesInQuery(query: string): string[] {
  return [...query.matchAll(QUERY_NAME)].map(([, name = '']) => name);
}

/** The query with its names replaced: each stands in a string of PromQL, where a quote or backslash is escaped. */
export function filledQuery(query: string, names: ReadonlyMap<string, string>): string {
  return query.replace(QUERY_NAME, (written, name: string) => {
    const value = names.get(name);
    return value === undefined
      ? written
      : value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  });
}

/** An expression (RE2) that meets these names and no other. */
export function anyOfNames(names: readonly string[]): string {
  return names.map((name) => name.replaceAll('.', '[.]')).join('|');
}
