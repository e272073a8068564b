import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { StoredRunbook } from '../../src/runbook/load.ts';
import { runbookSchema } from '../../src/runbook/schema.ts';

const agentBruno = join(import.meta.dirname, '../../runbooks/agent-bruno-pod-crash-loop.yaml');

/** The runbook of agent-bruno as the gateway holds it, some of its parts replaced. */
export function storedRunbook(
  name = 'agent-bruno-pod-crash-loop',
  change: { alerts?: unknown; target?: unknown } = {},
): StoredRunbook {
  const raw: { metadata: object; spec: object } = parse(readFileSync(agentBruno, 'utf8'));
  const runbook = runbookSchema.parse({
    ...raw,
    metadata: { ...raw.metadata, name },
    spec: { ...raw.spec, ...change },
  });
  return { name, file: `runbooks/${name}.yaml`, digest: `digest-of-${name}`, runbook };
}
