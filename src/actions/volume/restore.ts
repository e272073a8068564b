import type { Snapshot } from '../../kubernetes/snapshots.ts';
import type { Change } from '../../recovery/values.ts';
import type { Replaced } from './former.ts';
import type { ClaimManifest } from './manifest.ts';

/** What is restored, from what, and into what. */
export interface Restore {
  given: { claim: string; timeout: string };
  replaced: Replaced;
  snapshot: Snapshot;
  manifest: ClaimManifest;
  /** The restored claim's name. */
  name: string;
}

/** The manifest that is applied, the team's own or the generated one, as the plan shows it. */
export function manifestEffect(name: string, { spec }: ClaimManifest): Change {
  return { type: 'effect', what: `claim ${name} is made with ${JSON.stringify(spec)}` };
}
