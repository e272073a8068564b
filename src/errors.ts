/** The kinds of fault that every edge of Kintsugi reports (contracts.md, "Error codes everywhere"). */
export type ErrorCode = 'invalid' | 'forbidden' | 'not-found' | 'conflict' | 'timeout' | 'unavailable' | 'refused';

/** Whether a fault of this kind can pass by itself: the default of {@link KintsugiError.retryable}. */
const RETRYABLE: Record<ErrorCode, boolean> = {
  invalid: false,
  forbidden: false,
  'not-found': false,
  conflict: true,
  timeout: true,
  unavailable: true,
  refused: false,
};

/** A fault as it is shown on the wire: in the CLI's `--json` output, in API answers and in events. */
export interface ErrorReport {
  code: ErrorCode;
  message: string;
  where: string;
  fix: string;
  retryable: boolean;
}

/** What a {@link KintsugiError} is made from. `where` names the file, flag, variable or object; `fix` is one sentence. */
export interface ErrorDetails {
  where: string;
  fix: string;
  retryable?: boolean;
  cause?: unknown;
}

/** The one error of this project: it says what is wrong, where, and what to do, and is retryable or not by design. */
export class KintsugiError extends Error {
  readonly code: ErrorCode;
  readonly where: string;
  readonly fix: string;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'KintsugiError';
    this.code = code;
    this.where = details.where;
    this.fix = details.fix;
    this.retryable = details.retryable ?? RETRYABLE[code];
  }

  /** The error as plain data, for JSON answers and events. */
  report(): ErrorReport {
    return { code: this.code, message: this.message, where: this.where, fix: this.fix, retryable: this.retryable };
  }
}

/** The text of anything thrown, for messages: an Error's message, else its string form. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
