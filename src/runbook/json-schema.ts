import { z } from 'zod';
import type { Catalogue } from './catalogue.ts';
import { actionCall, checkCall } from './schema/calls.ts';
import { runbookSchema } from './schema.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/**
 * The JSON Schema (draft 2020-12) by which editors complete and check a runbook while it is written. Each action's and check's
 * parameters stand in it; where a parameter is wanted, a `$name` may stand too.
 */
export function runbookJsonSchema(catalogue: Pick<Catalogue, 'actions' | 'checks'>): JsonSchema {
  const calls = new Map<unknown, JsonSchema>([
    [actionCall, oneOf(catalogue.actions)],
    [checkCall, { anyOf: [{ enum: Object.keys(catalogue.checks) }, oneOf(catalogue.checks)] }],
  ]);
  const schema = z.toJSONSchema(runbookSchema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const call = calls.get(zodSchema);
      if (call === undefined) return;
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
      Object.assign(jsonSchema, call);
    },
  });
  return { ...schema, title: 'Kintsugi runbook' };
}

/** `{name: {parameters}}` with exactly one of the names. */
function oneOf(named: Catalogue['actions']): JsonSchema {
  const properties = Object.fromEntries(
    Object.entries(named).map(([name, { params }]) => [name, parametersOf(params)]),
  );
  return { type: 'object', properties, additionalProperties: false, minProperties: 1, maxProperties: 1 };
}

/** A parameters' schema in which every member may also be a `$name`. */
function parametersOf(params: z.ZodType): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(params, { io: 'input', unrepresentable: 'any' });
  return withReferences(schema);
}

function withReferences(schema: JsonSchema): JsonSchema {
  if (schema.properties === undefined) return schema;
  const properties = Object.entries(schema.properties).map(([name, member]) => [name, orReference(member)]);
  return { ...schema, properties: Object.fromEntries(properties) };
}

function orReference(member: JsonSchema | boolean): JsonSchema | boolean {
  if (typeof member === 'boolean' || member.properties !== undefined) {
    return typeof member === 'boolean' ? member : withReferences(member);
  }
  const { description, default: byDefault, ...type } = member;
  return {
    ...(description === undefined ? {} : { description }),
    ...(byDefault === undefined ? {} : { default: byDefault }),
    anyOf: [type, { type: 'string', pattern: '^\\$' }],
  };
}
