/** One thing wrong in a file that a person wrote: where it is, what is wrong, and what would be right. */
export interface Fault {
  file: string;
  /** 1-based. */
  line: number;
  /** 1-based. */
  column: number;
  /** Where it stands in the data: `spec.causes[2].remedies[0].name`; empty for the whole file. */
  path: string;
  message: string;
  fix: string;
}

/** Where a value stands in a document: keys and indices from the top. */
export type Path = (string | number)[];

/** A fault before it is located: `at` is what to point to, the key or its value. */
export interface Complaint {
  path: Path;
  at: 'key' | 'value';
  message: string;
  fix: string;
}

/** A path as people write it: `spec.causes[2].name`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

/** One line for a terminal, clickable in most: `file:line:column: path: message (fix)`. */
export function formatFault(fault: Fault): string {
  const where = fault.path === '' ? '' : ` ${fault.path}:`;
  return `${fault.file}:${fault.line}:${fault.column}:${where} ${fault.message}; ${fault.fix}`;
}
