import { basename } from 'node:path';
import { valueAt } from '../faults/data.ts';
import type { Complaint, Fault } from '../faults/fault.ts';
import { complaintsOf } from '../faults/issues.ts';
import { parseSource } from '../faults/source.ts';
import { type Catalogue, knownCatalogue } from './catalogue.ts';
import { complaintsOfRules } from './rules.ts';
import { runbookSchema } from './schema.ts';

export { type Fault, formatFault } from '../faults/fault.ts';

/**
 * Everything that is wrong with a runbook, all at once and in the order of the file: YAML, keys, values, names, parameters.
 * Empty means that it can run. `file` is what the faults name; its base name must be the runbook's name.
 */
export function validateRunbook(file: string, text: string, catalogue: Catalogue = knownCatalogue): Fault[] {
  const source = parseSource(file, text);
  const complaints = distinct([
    ...complaintsOfRules(source.value, catalogue),
    ...complaintsOf(runbookSchema, source.value),
    ...misnamed(file, source.value),
  ]);
  // After an error of the YAML itself, what seems to be missing may only have been read into the wrong place.
  const shown =
    source.faults.length === 0 ? complaints : complaints.filter((complaint) => isPresent(source.value, complaint));
  return [...source.faults, ...shown.map(source.locate)].sort((a, b) => a.line - b.line || a.column - b.column);
}

function isPresent(value: unknown, complaint: Complaint): boolean {
  return complaint.path.length > 0 && (valueAt(value, complaint.path) ?? null) !== null;
}

/** One complaint for one place: the schema and the rules may see the same thing. */
function distinct(complaints: Complaint[]): Complaint[] {
  const seen = new Set<string>();
  return complaints.filter(({ path, at }) => {
    const place = JSON.stringify([path, at]);
    return !seen.has(place) && seen.add(place);
  });
}

/** A workflow type is a runbook's name, and the name leads to the file: both must be the same. */
function misnamed(file: string, value: unknown): Complaint[] {
  const name = valueAt(value, ['metadata', 'name']);
  const stem = basename(file).replace(/\.ya?ml$/, '');
  if (typeof name !== 'string' || name === stem) return [];
  const message = `the runbook is named "${name}" and its file "${basename(file)}"`;
  return [{ path: ['metadata', 'name'], at: 'value', message, fix: `name it ${stem}, or the file ${name}.yaml` }];
}
