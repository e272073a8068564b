import type { Cause } from '../runbook/schema/causes.ts';

export type Language = 'python' | 'node' | 'java' | 'go' | 'dotnet' | 'any';

/** One wording that speaks for a cause, with the library or runtime source that prints it (testing, trap 9). */
export interface SignaturePattern {
  /**
   * A linear-time regular expression (bounded repeats, no back-references), matched without regard to case against one line.
   * It must contain a literal of four characters at least: the one scan looks for those first (`scan.ts`).
   */
  regex: string;
  /** 10: the wording names the cause by itself; 5: it speaks for it; below 3 it decides nothing alone. */
  weight: number;
  /** Number of the capture group that names the subject: the variable, host, module, path, port ... */
  subject?: number;
  /** What is wrong in words for people, and what mends it where that is obvious; `$` stands for the subject. */
  says?: string;
  language?: Language;
  /** A condition on the same traceback or report: something in it must match. */
  near?: string;
  /** A condition on the line itself and the six before it (the source line that failed). */
  beside?: string;
  /** A condition on the same traceback or report: nothing in it may match. */
  unless?: string;
  /** It counts only where the log ends with it: what a program waited for says nothing once it goes on. */
  last?: boolean;
  /** The file, documentation page or release that prints this wording. */
  source: string;
}

/** Data of one cause, one default export a file: all signatures are compiled into one scan. */
export interface Signature {
  cause: Cause;
  /** The name by which the classifier is measured; by default the cause. */
  label?: string;
  patterns: SignaturePattern[];
}
