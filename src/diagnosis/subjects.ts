import { LogContext } from './log-context.ts';
import type { LogVerdict } from './log-verdict.ts';

/** Names of environment variables where a program reads or reports them. */
const READ_BY_NAME =
  /(?:environ(?:\.get)?\s?[[(]\s?|getenv\s?\(\s?|Getenv\("|LookupEnv\("|process\.env\.|process\.env\[|ENV\[|ENV\.fetch\(|\benv\(\s?|config\(\s?|GetEnvironmentVariable\(")["'\u0060]?([A-Z][A-Z0-9_]{2,80})/g;
const NAMED = /\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b/g;
/** A variable of one word, where the line says that it is one. */
const NAMED_WORD =
  /(?:invalid|missing|required|variable|env|unset|set|parsing)\b:? ["'`]?((?!URL|URI|JSON|YAML|HTTP|TLS|SSL|API|DNS)[A-Z][A-Z0-9]{2,})\b(?=["'`]?(?:$|:|,| is| must| not| in))/;
/** Words of logs that look like variables. */
const NOT_VARIABLES =
  /^(?:ERR_|UND_ERR|SIG|E[A-Z]+$|HTTP_|NOT_FOUND|MODULE_NOT_FOUND|SSL_|WRONG_|CERTIFICATE_|UNEXPECTED_EOF|MAX_|BASE_)/;

/**
 * The variable, file or key that a configuration error is about: a known variable of the container that the failing lines name,
 * else the variable that the failing source line reads, else what the wording itself named.
 * @param variables the container's variables by name, with their values where those are literals
 */
export function configurationSubject(
  text: string,
  verdict: LogVerdict,
  variables: ReadonlyMap<string, string | undefined>,
): string | undefined {
  const { block, at, beside } = new LogContext(text).surroundings(verdict.start);
  const line = verdict.line;
  const after = block.slice(at);
  return (
    knownVariable(line, variables) ??
    nearestRead(beside, beside.length) ??
    nearestRead(block.slice(0, at), at) ??
    variableByValue(verdict.subject, variables) ??
    knownVariable(after, variables) ??
    validatedField(after, variables) ??
    /^\s*→ at ([A-Z][A-Z0-9_]+)$/m.exec(after)?.[1] ??
    namedIn(line) ??
    NAMED_WORD.exec(line)?.[1] ??
    namedIn(ownLines(beside)) ??
    verdict.subject
  );
}

/** Without the lines of libraries, whose constants look like variables. */
function ownLines(text: string): string {
  const lines = text.split('\n');
  const ofLibrary = (line: string | undefined): boolean =>
    line !== undefined && /site-packages|node_modules|lib\/python\d|node:|<frozen /.test(line);
  return lines
    .filter(
      (line, index) =>
        !ofLibrary(line) && !ofLibrary(lines[index - 1]) && !(ofLibrary(lines[index - 2]) && /^\s+[\^~]/.test(line)),
    )
    .join('\n');
}

function knownVariable(text: string, variables: ReadonlyMap<string, string | undefined>): string | undefined {
  const spaced = text.toUpperCase().replace(/[\s-]+/g, '_');
  let found: string | undefined;
  for (const name of variables.keys()) {
    const named = name.length > 3 && (isWordOf(name, text) || (name.includes('_') && spaced.includes(name)));
    if (named && (found === undefined || name.length > found.length)) found = name;
  }
  return found;
}

/** Whether the name stands in the text by itself: variables' names may hold any character. */
function isWordOf(name: string, text: string): boolean {
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    const around = text.charAt(at - 1) + text.charAt(at + name.length);
    if (!/\w/.test(around)) return true;
  }
  return false;
}

/** A pydantic report names the field on the line after its head: `redis_url` stands for REDIS_URL. */
function validatedField(after: string, variables: ReadonlyMap<string, string | undefined>): string | undefined {
  const field = /validation errors? for \w+\n(?:ERROR:\s+)?\s*([A-Za-z_][\w.]*)\n/.exec(after)?.[1];
  if (field === undefined) return undefined;
  const upper = field.toUpperCase().replaceAll('.', '__');
  const known = [...variables.keys()].find((name) => name === upper || name.endsWith(`_${upper}`));
  return known ?? upper;
}

function nearestRead(text: string, at: number): string | undefined {
  let found: string | undefined;
  for (const match of text.matchAll(READ_BY_NAME)) if (match.index <= at) found = match[1];
  return found;
}

function variableByValue(
  value: string | undefined,
  variables: ReadonlyMap<string, string | undefined>,
): string | undefined {
  if (value === undefined || value === '') return undefined;
  const names = [...variables].filter(([, known]) => known === value).map(([name]) => name);
  return names.length === 1 ? names[0] : undefined;
}

function namedIn(text: string): string | undefined {
  for (const match of text.matchAll(NAMED))
    if (match[1] !== undefined && !NOT_VARIABLES.test(match[1])) return match[1];
  return undefined;
}
