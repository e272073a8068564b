/** A line without differences of case and white space. */
export function normal(line: string): string {
  return line.replace(/\s+/g, ' ').toLowerCase();
}

/** Every key and value of plain data as one text a line, in the same way. */
export function flatten(value: unknown): string {
  if (Array.isArray(value)) return value.map(flatten).join('\n');
  if (value === null || typeof value !== 'object') return normal(String(value));
  return Object.entries(value)
    .map(([key, inner]) => `${key.toLowerCase()}: ${flatten(inner)}`)
    .join('\n');
}
