import type { ErrorCode } from '../errors.ts';

/** Exit codes (contracts.md, "CLI"). */
export const EXIT = {
  /** Done, healthy, valid. */
  ok: 0,
  /** Answered, but bad: not recovered, an invalid file, a fault that doctor found. */
  bad: 1,
  /** A wrong flag, argument or configuration. */
  usage: 2,
  /** Temporal, the cluster or a worker did not answer. */
  unreachable: 3,
  /** A person's order was refused. */
  refused: 4,
  /** Ctrl-C: 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const;

/** With which code a command ends that failed. What is named but not there is a wrong argument or configuration. */
export const EXIT_OF: Readonly<Record<ErrorCode, number>> = {
  invalid: EXIT.usage,
  'not-found': EXIT.usage,
  forbidden: EXIT.usage,
  conflict: EXIT.bad,
  refused: EXIT.refused,
  timeout: EXIT.unreachable,
  unavailable: EXIT.unreachable,
};
