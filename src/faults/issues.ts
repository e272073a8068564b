import { z } from 'zod';
import { suggest } from './closest.ts';
import { valueAt } from './data.ts';
import type { Complaint, Path } from './fault.ts';

type Issue = z.core.$ZodIssue;

/**
 * A schema's complaints in plain words, all of them: for every unknown key what was probably meant, for every
 * wrong value the right ones. `prefix` is where `value` stands in the document.
 */
export function complaintsOf(schema: z.ZodType, value: unknown, prefix: Path = []): Complaint[] {
  const result = schema.safeParse(value);
  if (result.success) return [];
  const issues = result.error.issues.flatMap(flatten);
  return issues
    .filter((issue) => !isEchoed(issue, issues))
    .flatMap((issue) => describe(issue, schema, value))
    .map((complaint) => ({ ...complaint, path: [...prefix, ...complaint.path] }));
}

/** Takes a union's complaint apart: the branch that the writer meant is the one whose own shape fits best. */
function flatten(issue: Issue): Issue[] {
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => ({ ...inner, path: issue.path }));
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const misfit = (branch: Issue[]): number =>
    Math.max(0, ...branch.map((inner) => (inner.path.length > 0 ? 0 : (MISFIT[inner.code] ?? 0))));
  const best = [...issue.errors].sort((a, b) => misfit(a) - misfit(b))[0] ?? [];
  return best.flatMap((inner) => flatten({ ...inner, path: [...issue.path, ...inner.path] }));
}

const MISFIT: Partial<Record<Issue['code'], number>> = { invalid_type: 2, invalid_value: 1 };

/** A rule about the whole of an object says nothing new where one of its keys is unknown already. */
function isEchoed(issue: Issue, all: Issue[]): boolean {
  const at = issue.path.join('\n');
  return (
    issue.code === 'custom' && all.some((other) => other.code === 'unrecognized_keys' && other.path.join('\n') === at)
  );
}

function describe(issue: Issue, schema: z.ZodType, value: unknown): Complaint[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  const found = valueAt(value, path);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysOf(schemaAt(schema, path, value));
      return issue.keys.map((key) => ({
        path: [...path, key],
        at: 'key',
        message: `unknown key "${key}"`,
        fix: suggest(key, known),
      }));
    }
    case 'invalid_type':
      return [{ path, at: 'value', ...describeType(issue.expected, found, path) }];
    case 'invalid_value': {
      const known = issue.values.map(String);
      if (found === undefined) return [{ path, at: 'value', ...missing(path, `one of: ${known.join(', ')}`) }];
      return [
        {
          path,
          at: 'value',
          message: `${show(found)} is not one of the values known here`,
          fix: issue.message.startsWith('Invalid') ? suggest(String(found), known) : `write ${issue.message}`,
        },
      ];
    }
    case 'too_small':
      return [{ path, at: 'value', message: `${show(found)} is too small`, fix: atLeast(issue.origin, issue.minimum) }];
    case 'too_big':
      return [{ path, at: 'value', message: `${show(found)} is too big`, fix: `at most ${issue.maximum}` }];
    default:
      return [{ path, at: 'value', message: `${show(found)} is not accepted`, fix: `write ${issue.message}` }];
  }
}

function atLeast(origin: string, minimum: number | bigint): string {
  if (origin === 'string') return 'write a text';
  if (origin === 'array' || origin === 'set') return `list at least ${minimum}`;
  return `at least ${minimum}`;
}

function describeType(expected: string, found: unknown, path: Path): { message: string; fix: string } {
  const wanted = TYPE_NAMES[expected] ?? expected;
  if (found === undefined) return missing(path, wanted);
  if (expected === 'string' && (typeof found === 'number' || typeof found === 'boolean')) {
    return {
      message: `${String(found)} is read as a ${typeof found}, and a text is wanted`,
      fix: `put it in quotes: "${found}"`,
    };
  }
  return { message: `${show(found)} stands where ${wanted} is wanted`, fix: `write ${wanted}` };
}

function missing(path: Path, wanted: string): { message: string; fix: string } {
  return { message: `"${path.at(-1) ?? 'the content'}" is missing`, fix: `add it: ${wanted}` };
}

const TYPE_NAMES: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map of keys and values',
  record: 'a map of keys and values',
  array: 'a list',
};

/** A value for a message, short. */
function show(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a map';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}..."` : text;
}

/** The schema of the part at `path`; where alternatives exist, the one that is an object as the value is. */
function schemaAt(schema: z.ZodType, path: Path, value: unknown): z.core.$ZodType | null {
  let current: z.core.$ZodType | null = unwrap(schema, value);
  let part = value;
  for (const step of path) {
    part = valueAt(part, [step]);
    current = unwrap(memberOf(current, step), part);
  }
  return current;
}

function memberOf(schema: z.core.$ZodType | null, step: string | number): z.core.$ZodType | null {
  if (schema instanceof z.ZodObject) return schema.shape[String(step)] ?? null;
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return null;
}

function unwrap(schema: z.core.$ZodType | null, value: unknown): z.core.$ZodType | null {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) {
    return unwrap(schema.unwrap(), value);
  }
  if (schema instanceof z.ZodUnion && typeof value === 'object' && value !== null) {
    return (
      schema.options.find((option) => unwrap(option, value) instanceof z.ZodObject || option instanceof z.ZodRecord) ??
      null
    );
  }
  return schema;
}

/** The keys that an object or a map of named things may have. */
function keysOf(schema: z.core.$ZodType | null): string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  if (schema instanceof z.ZodRecord && schema.keyType instanceof z.ZodEnum) return schema.keyType.options.map(String);
  return [];
}
