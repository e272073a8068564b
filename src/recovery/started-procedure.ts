import type { ProcedureOutcome } from './events.ts';
import type { Params } from './values.ts';

/** What a record keeps of a procedure that a person starts. Types only. */

/** What a start says of its runbook: which procedure is meant, and values for the parameters. */
export interface Start {
  by: 'alert' | 'person';
  procedure?: string;
  params?: Params;
}

/** A procedure that a person ordered on an open recovery. */
export interface NextProcedure {
  /** The order's id. */
  id: string;
  by: string;
  verified: boolean;
  at: string;
  runbook: string;
  procedure?: string;
  params?: Params;
}

/** A procedure that a person has started, from its start or order to its end. */
export interface StartedProcedure {
  /** By which its request, and then its attempt, is known. */
  id: string;
  /** Null until its runbook is loaded, where the start does not name it. */
  name: string | null;
  by: string;
  verified: boolean;
  at: string;
  /** Set where it was ordered on an open recovery: the runbook that this one went by before. */
  from?: string;
  ended: {
    outcome: ProcedureOutcome;
    /** Whether the target does as well as when the procedure was planned. */
    asBefore: boolean;
    why: string;
    episode: number;
  } | null;
}
