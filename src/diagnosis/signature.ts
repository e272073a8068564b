import type { Cause } from '../runbook/schema.ts';

/** One wording that speaks for a cause, with the library or runtime source that prints it (testing, trap 9). */
export interface SignaturePattern {
  /** A linear-time regular expression (no nested quantifiers, no back-references): it meets whole lines. */
  regex: string;
  weight: number;
  /** Number of the capture group that names the subject: the variable, host, module, path, port ... */
  subject?: number;
  language?: 'python' | 'node' | 'java' | 'go' | 'dotnet' | 'any';
  /** The file, documentation page or release that prints this wording. */
  source: string;
}

/** Data of one cause, one default export a file: all signatures are compiled into one scan. */
export interface Signature {
  cause: Cause;
  label?: string;
  patterns: SignaturePattern[];
}
