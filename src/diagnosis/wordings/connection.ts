import type { Language } from '../signature.ts';

/** How a connection failed, in words for people. */
export type Failure = 'refused' | 'timed out' | 'name not found' | 'reset' | 'unreachable' | 'TLS failed' | 'failed';

/** A wording of a socket's or HTTP client's failure: what it was connected to is found from the text around. */
export interface ConnectionWording {
  regex: string;
  how: Failure;
  weight: number;
  /** Capture groups that hold the host and the port. */
  host?: number;
  port?: number;
  /** True for HTTP clients: without any name around, the program's one HTTP dependency is meant. */
  http?: boolean;
  language?: Language;
  /** A condition on the same traceback or report. */
  near?: string;
  source: string;
}

/** A host name or address inside a wording. */
export const HOST = String.raw`([\w.-]+|\[[0-9a-fA-F:]+\])`;
