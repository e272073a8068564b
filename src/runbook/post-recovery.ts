/** The queries that a runbook has asked once the target has recovered, and the names that are filled in there. */

/** What `$name` in a query may be besides a parameter. */
export const QUERY_NAMES = ['namespace', 'kind', 'name', 'container', 'pods'] as const;

/** A `$name` inside PromQL; what else begins with `$` (the end of an expression, `$1`) stays as it is. */
const QUERY_NAME = /\$([A-Za-z]\w*)/g;

/** The names that a query mentions. */
export function namesInQuery(query: string): string[] {
  return [...query.matchAll(QUERY_NAME)].map(([, name = '']) => name);
}

/** The query with its names replaced: each stands in a string of PromQL, where a quote or backslash is escaped. */
export function filledQuery(query: string, names: ReadonlyMap<string, string>): string {
  return query.replace(QUERY_NAME, (written, name: string) => {
    const value = names.get(name);
    return value === undefined
      ? written
      : value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  });
}

/** An expression (RE2) that meets these names and no other. */
export function anyOfNames(names: readonly string[]): string {
  return names.map((name) => name.replaceAll('.', '[.]')).join('|');
}
