import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { RunbookContent } from '../../src/recovery/activities.ts';
import { type RunbookSpec, runbookSchema } from '../../src/runbook/schema.ts';

/** The written runbook for another namespace, with other dependencies. */
export function runbookOf(change: { namespace: string; dependencies: RunbookSpec['dependencies'] }): RunbookContent {
  const path = new URL('../../runbooks/agent-bruno-pod-crash-loop.yaml', import.meta.url);
  const { metadata, spec } = runbookSchema.parse(parse(readFileSync(path, 'utf8')));
  const { service: _, container: _c, ...target } = spec.target;
  return {
    metadata,
    spec: { ...spec, target: { ...target, namespace: change.namespace }, dependencies: change.dependencies },
  };
}
