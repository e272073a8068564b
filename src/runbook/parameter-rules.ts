import { suggest } from '../faults/closest.ts';
import { isRecord, recordAt, valueAt } from '../faults/data.ts';
import type { Complaint, Path } from '../faults/fault.ts';
import { complaintsOf } from '../faults/issues.ts';
import { actionCalls, type Call, checkCalls } from './calls.ts';
import type { Catalogue } from './catalogue.ts';
import { wrongType } from './parameters.ts';
import { exampleNames, namesOf, resolveReferences, TARGET_FIELDS, withNames } from './references.ts';
import { parameterTypes } from './schema/declarations.ts';

/** What is wrong with the runbook's own parameters, and with those that it gives to actions and checks. */
export function complaintsOfParameters(runbook: unknown, catalogue: Catalogue): Complaint[] {
  return [
    ...actionCalls(runbook).flatMap((call) => complaintsOfCall(runbook, call, catalogue.actions)),
    ...checkCalls(runbook).flatMap((call) => complaintsOfCall(runbook, call, catalogue.checks)),
    ...declarations(runbook),
  ];
}

/** Parameters by each action's and check's own schema, after `$name`s were replaced; a name that stands for nothing is a fault. */
function complaintsOfCall(runbook: unknown, call: Call, schemas: Catalogue['actions']): Complaint[] {
  const schema = Object.hasOwn(schemas, call.name) ? schemas[call.name] : undefined;
  if (schema === undefined || (call.params !== null && typeof call.params !== 'object')) return [];
  const spec = valueAt(runbook, ['spec']);
  const settled = namesOf(spec);
  const names = withNames(settled, exampleNames(spec));
  const unknown: Complaint[] = [];
  const params = resolveReferences(call.params, names, (name, path) => {
    const known = [...names.keys()].map((key) => `$${key}`);
    const message = `$${name} stands for nothing`;
    unknown.push({ path: [...call.path, ...path], at: 'value', message, fix: suggest(`$${name}`, known) });
  });
  const silent = new Set(unknown.map(({ path }) => path.join('\n')));
  const wrong = complaintsOf(schema.params, params, call.path).filter(
    ({ path }) => !silent.has(path.join('\n')) && !isOpenText(valueAt(runbook, path), settled, names),
  );
  return [...unknown, ...wrong];
}

/** Whether a text stands there that only a start or a recovery gives: what is wrong with its example says nothing. */
function isOpenText(written: unknown, settled: ReadonlyMap<string, unknown>, names: ReadonlyMap<string, unknown>) {
  if (typeof written !== 'string' || !written.startsWith('$')) return false;
  const name = written.slice(1);
  return settled.get(name) === undefined && typeof names.get(name) === 'string';
}

/** Each declared parameter's default is of its type, and no parameter takes a name that the target has. */
function declarations(runbook: unknown): Complaint[] {
  const path: Path = ['spec', 'params'];
  const reserved: readonly string[] = TARGET_FIELDS;
  return Object.entries(recordAt(runbook, path)).flatMap(([name, value]): Complaint[] => {
    const here = [...path, name];
    const complaints: Complaint[] = [];
    if (reserved.includes(name)) {
      const message = `$${name} is the target's`;
      complaints.push({ path: here, at: 'key', message, fix: 'give the parameter another name' });
    }
    const type = parameterTypes.find((known) => isRecord(value) && value.type === known);
    if (!isRecord(value) || type === undefined || value.default === undefined) return complaints;
    const wrong = wrongType(type, value.default);
    const at: Path = [...here, 'default'];
    if (value.required === true) {
      const message = 'a parameter that is required needs no default';
      complaints.push({ path: at, at: 'value', message, fix: 'keep one of the two' });
    } else if (wrong !== null) {
      complaints.push({ path: at, at: 'value', message: wrong, fix: `write what type: ${type} says` });
    }
    return complaints;
  });
}
