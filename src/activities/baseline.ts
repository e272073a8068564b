import type { Secrets } from '../actions/write/secrets.ts';
import type { Json, Target } from '../recovery/values.ts';

/**
 * What Kintsugi saw when the target was healthy (safety 3): the evidence for "last healthy revision" and for restoring a variable.
 * Kept in a ConfigMap of Kintsugi's own namespace, written at each verification and by the worker's regular look.
 */
export interface Baseline {
  target: Target;
  /** RFC 3339: when it was last seen healthy as recorded here. */
  seenAt: string;
  /** The revision (`deployment.kubernetes.io/revision`) and the ReplicaSet or ControllerRevision that was healthy. */
  revision: string;
  /** SHA-256 of the canonical pod template without bookkeeping annotations. */
  templateHash: string;
  /** Replicas the owner or its HPA wanted. */
  replicas: number;
  containers: {
    name: string;
    image: string;
    /** The digest that ran (`imageID`). */
    digest: string;
    /** Variables by name: the literal's value, or where it comes from (never a secret's value: an HMAC). */
    env: Record<string, { value: string } | { hmac: string } | { from: Json }>;
  }[];
  /** `ConfigMap/name` and `Secret/name` to a hash of its content. */
  references: Record<string, string>;
  /** The same key by key, each hash cut to 16 digits: a change is then told with its key. */
  referenceKeys?: Record<string, Record<string, string>>;
  /** The runbook's dependencies by name, with the replicas that they had; what could not be read is left out. */
  dependencies?: Record<string, { kind: string; name: string; replicas: number }[]>;
  /** Every template that was ever seen healthy, the last first, at most {@link MOST_SEEN}; what a store adds on reading. */
  seen?: SeenHealthy[];
}

/** Revisions are kept longer than a baseline: what of each is known from when it was one. */
export interface SeenHealthy {
  templateHash: string;
  revision: string;
  /** RFC 3339: when it was last seen healthy. */
  seenAt: string;
  /** By container; empty where it was not known. */
  digests: Record<string, string>;
}

/** How many templates are remembered: twice as many revisions as a Deployment keeps by default. */
export const MOST_SEEN = 20;

/** What is known of a template from when it was healthy; null if it was never seen so, or longer ago than is remembered. */
export function seenHealthy(baseline: Baseline | null, templateHash: string): SeenHealthy | null {
  if (baseline === null) return null;
  if (baseline.templateHash === templateHash) return asSeen(baseline);
  return baseline.seen?.find((known) => known.templateHash === templateHash) ?? null;
}

function asSeen({ templateHash, revision, seenAt, containers }: Baseline): SeenHealthy {
  const digests = Object.fromEntries(containers.map(({ name, digest }) => [name, digest]));
  return { templateHash, revision, seenAt, digests };
}

/** What is remembered once this baseline is recorded: it first, each template once. */
export function withNewest(known: readonly SeenHealthy[], baseline: Baseline): SeenHealthy[] {
  const others = known.filter(({ templateHash }) => templateHash !== baseline.templateHash);
  return [asSeen(baseline), ...others].slice(0, MOST_SEEN);
}

/** Reads and writes baselines. */
export interface Baselines {
  /** With whose key the secrets of what is recorded are hashed. */
  readonly secrets: Secrets;
  /** The newest baseline of a target, or null if it was never seen healthy. Throws a KintsugiError if it cannot be read. */
  read(target: Target): Promise<Baseline | null>;
  write(baseline: Baseline): Promise<void>;
}
