import { createSecrets } from '../actions/write/secrets.ts';
import { revisionEvidence } from '../diagnosis/collect/revisions.ts';
import type { RevisionEvidence } from '../diagnosis/evidence/change.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { readOwned } from '../kubernetes/revisions.ts';
import type { Target } from '../recovery/values.ts';
import { createBaselines } from './baseline-store.ts';

/**
 * The revisions of a workload, the newest first, with what Kintsugi remembers of each. Reads only: the workload, its revisions
 * and pods, and the baseline in Kintsugi's own namespace.
 * @param namespace KINTSUGI_NAMESPACE
 * @throws KintsugiError `not-found` for a workload that is not there, `invalid` for a kind that has no revisions
 */
export async function readHistory(
  kubernetes: Kubernetes,
  namespace: string,
  target: Target,
): Promise<RevisionEvidence[]> {
  // Nothing is hashed by reading.
  const secrets = createSecrets('', (text) => text);
  const owned = await readOwned(kubernetes, target);
  const baseline = await createBaselines({ kubernetes, namespace, secrets }).read(target);
  return revisionEvidence(owned, baseline);
}
