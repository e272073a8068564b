import { createHash } from 'node:crypto';
import { KintsugiError } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import type { Change, Target } from '../recovery/values.ts';

/** One image that is to be built: everything that the hook is told. */
export interface BuildOrder {
  hook: string;
  /** The same for the same build: the Job's name, the call's Idempotency-Key and the note of the result come from it. */
  key: string;
  /** The repository, without tag and digest. */
  image: string;
  commit: string;
  recoveryId: string;
  target: Target;
}

/** What is known of a build between two looks at it. */
export type BuildState =
  | { is: 'running'; saw: string }
  | { is: 'done'; digest: string }
  | { is: 'failed'; saw: string };

/** What a hook works with while it starts, asks or stops a build. */
export interface BuildContext {
  kubernetes: Kubernetes;
  signal: AbortSignal;
}

/** What every hook has. */
export interface BuildHookFacts {
  name: string;
  timeoutSeconds: number;
}

/** One way to build, from the configuration. */
export interface BuildHook extends BuildHookFacts {
  /** Seconds between two looks at the status. */
  pollSeconds: number;
  /** What a plan says that `start` does. */
  describe(order: BuildOrder): Change;
  /**
   * Starts the build, or finds the one that this key has started.
   * @param handle what `start` gave before, where that is known
   * @returns where its status is asked
   * @throws KintsugiError not retryable when it can never be started
   */
  start(context: BuildContext, order: BuildOrder, handle: string | null): Promise<string>;
  /** @throws KintsugiError `invalid` when the answer is none */
  look(context: BuildContext, order: BuildOrder, handle: string): Promise<BuildState>;
  /** Ends a build that still runs, where that can be done. @returns what was done, null where there was nothing to do */
  stop(context: BuildContext, order: BuildOrder): Promise<string | null>;
}

/** A build's key: the recovery tries a hook once for a commit on an image, whatever is retried or planned again. */
export function buildKey(parts: {
  recoveryId: string;
  hook: string;
  commit: string;
  container: string;
  replaces: string;
}): string {
  const { recoveryId, hook, commit, container, replaces } = parts;
  return createHash('sha256')
    .update(JSON.stringify([recoveryId, hook, commit, container, replaces]))
    .digest('hex')
    .slice(0, 16);
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** The digest that a hook gave. @throws KintsugiError `invalid` when it is none */
export function checkedDigest(text: string, where: string): string {
  if (DIGEST.test(text)) return text;
  throw new KintsugiError('invalid', 'the build says that it is done and gives no digest', {
    where,
    fix: 'Let the build give the digest of what it pushed: sha256: and 64 hexadecimal digits.',
  });
}
