import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, isMap, isSeq, parseDocument } from 'yaml';
import type { Namespaces } from '../workloads/namespaces.ts';

/** The product's runbooks. */
export const RUNBOOKS = join(import.meta.dirname, '..', '..', 'runbooks');

/** What a test may change in a runbook besides its namespaces: durations, so that it need not wait as long as people do. */
export interface RunbookChanges {
  /** The first rung: `20s`. */
  deadline?: string;
  settle?: string;
  /** Path in the YAML to a value: `['spec', 'causes', 0, 'remedies', 0, ...]`; of one runbook by its name, else of each. */
  set?: { runbook?: string; path: (string | number)[]; value: unknown }[];
}

/** Writes the product's runbooks into a folder, pointed at other namespaces, so that scenarios can run side by side. */
export function renderRunbooks(folder: string, namespaces: Partial<Namespaces>, changes: RunbookChanges = {}): string {
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(RUNBOOKS).filter((name) => name.endsWith('.yaml'))) {
    const document = parseDocument(readFileSync(join(RUNBOOKS, file), 'utf8'));
    pointAt(document, namespaces);
    if (changes.deadline !== undefined) document.setIn(['spec', 'escalation', 'rungs', 0, 'after'], changes.deadline);
    if (changes.settle !== undefined) document.setIn(['spec', 'settle'], changes.settle);
    for (const { runbook, path, value } of changes.set ?? []) {
      if (runbook === undefined || file === `${runbook}.yaml`) document.setIn(path, value);
    }
    writeFileSync(join(folder, file), document.toString());
  }
  return folder;
}

function pointAt(document: Document, namespaces: Partial<Namespaces>): void {
  const renamed = new Map<unknown, string>(Object.entries(namespaces));
  const own = document.getIn(['spec', 'target', 'namespace']);
  document.setIn(['spec', 'target', 'namespace'], renamed.get(own) ?? own);
  const dependencies = document.getIn(['spec', 'dependencies']);
  if (!isSeq(dependencies)) return;
  for (const dependency of dependencies.items) {
    if (!isMap(dependency)) continue;
    const namespace = dependency.get('namespace');
    dependency.set('namespace', renamed.get(namespace) ?? namespace);
  }
}
