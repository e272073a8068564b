/** How lines of a container's log are cleaned and what kind of line each is. */

/** Lines longer than this meet the signatures by the part around the hit only. */
export const LONGEST_LINE = 8192;

const CRI_PREFIX = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) (?:std(?:out|err) [FP] )?/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours are what is removed
const COLOURS = /\u001b\[[0-9;]*[A-Za-z]/g;

/** A line without the kubelet's timestamp, terminal colours and JSON's escapes, so that signatures see the program's own words. */
export function cleanLine(line: string): string {
  let text = line.replace(CRI_PREFIX, '');
  if (text.includes('\u001b')) text = text.replace(COLOURS, '');
  if (text.endsWith('\r')) text = text.slice(0, -1);
  if (text.startsWith('{') && text.includes('\\')) text = unescapeJson(text);
  return text;
}

function unescapeJson(text: string): string {
  return text.replace(/\\(["\\/nrt])/g, (_, char: string) => {
    if (char === 'n') return '\n';
    if (char === 't') return '\t';
    return char === 'r' ? '' : char;
  });
}

export type Level = 'fatal' | 'error' | 'warning' | 'info' | 'none';

const LEVEL =
  /\b(FATAL|CRITICAL|EMERG|PANIC|SEVERE|ERROR|WARN(?:ING)?|INFO|DEBUG|TRACE)\b|\[(emerg|crit|alert|error|warn|notice|info)\]|(?:level|lvl|severity|log_level)"?\s?[=:]\s?"?(fatal|panic|critical|error|err|warn(?:ing)?|info|debug|trace|notice|\d0)\b|^(crit|fail|warn|info|dbug|trce): /i;

const LEVELS: Record<string, Level> = {
  fatal: 'fatal',
  critical: 'fatal',
  emerg: 'fatal',
  panic: 'fatal',
  severe: 'error',
  crit: 'fatal',
  alert: 'fatal',
  fail: 'error',
  error: 'error',
  err: 'error',
  warn: 'warning',
  warning: 'warning',
  info: 'info',
  notice: 'info',
  debug: 'info',
  trace: 'info',
  dbug: 'info',
  trce: 'info',
  '60': 'fatal',
  '50': 'error',
  '40': 'warning',
  '30': 'info',
  '20': 'info',
  '10': 'info',
};

/** Kubernetes' own format: `E0102 15:04:05.678901       1 main.go:12] ...` (k8s.io/klog). */
const KLOG = /^([IWEF])\d{4} \d\d:\d\d:\d\d/;
const KLOG_LEVELS: Record<string, Level> = { I: 'info', W: 'warning', E: 'error', F: 'fatal' };

/** The level that the line itself states in its head; `none` for plain output. */
export function levelOf(line: string): Level {
  const head = line.length > 160 ? line.slice(0, 160) : line;
  const klog = KLOG.exec(head)?.[1];
  if (klog !== undefined) return KLOG_LEVELS[klog] ?? 'none';
  const found = LEVEL.exec(head);
  if (found === null) return 'none';
  const word = (found[1] ?? found[2] ?? found[3] ?? found[4] ?? '').toLowerCase();
  // A word like "error" in the middle of a sentence is not a level; the upper-case and structured forms are.
  if (found[1] !== undefined && found[1] !== found[1].toUpperCase()) return 'none';
  return LEVELS[word] ?? 'none';
}

/** The program says that it goes on without what failed. */
const TOLERATED =
  /degraded|\bfall(?:ing|s)? ?back\b|\bfallback\b|continu(?:e|es|ing) (?:without|anyway|in|with|startup|boot)|will continue|non-?fatal|not fatal|skipping|proceeding without|running without|working without|ignoring|Exception ignored in|in-memory (?:cache|store|mode|fallback) (?:instead|will)|using (?:an? )?(?:in-?memory|local|default)|best[- ]effort|\(optional\)|optional (?:dependency|cache|service)/i;
const RETRIED =
  /\bretr(?:y|ies|ying)\b|\bwaiting for\b|\bsleeping\b|\bnot (?:up|ready|available) yet\b|\breconnect|trying again|will try|attempt \d+|\bbackoff\b/i;
const SHUTDOWN =
  /shut(?:ting)? ?down|shutdown|Waiting for (?:application shutdown|child process|connections)|Finished server process|Stopping|stopped|Exiting|exited|Goodbye|graceful|SIGTERM|Terminat(?:ing|ed)|Child process|Closing|closed (?:successfully|pool|connection)|handling signal|Worker exiting|Reason: Worker|bye\b|finished|cleanup/i;

/** Paths and addresses hold words that say nothing about what the program does. */
const PATHS = /[\w.-]*\/[\w./-]+/g;

export const isTolerated = (line: string): boolean => TOLERATED.test(line) && TOLERATED.test(line.replace(PATHS, ''));
export const isRetried = (line: string): boolean => RETRIED.test(line);
/** The program has tried long enough and ends. */
const GIVES_UP =
  /\bgiv(?:es?|ing) up\b|\bgave up\b|\b(?:exiting|aborting|terminating|bailing out|shutting down|cannot start|could not start|startup failed)\b|\bafter \d+ (?:attempts|retries|tries|seconds|s)\b|\b(?:max(?:imum)?|all) (?:\w+ )?(?:retries|attempts)\b|retries exhausted|not (?:come up|become|ready|available|reachable)\b/i;

export const givesUp = (line: string): boolean => GIVES_UP.test(line);
export const isShutdown = (line: string): boolean => SHUTDOWN.test(line);

/** Parts of a trace: indented lines, frames, carets, braces, the links between chained exceptions. */
const TRACE_PART =
  /^(?:\s|$|[)}\]]+[,;]?$|Traceback \(most recent|During handling of|The above exception was|Caused by:|Node\.js v\d|\.\.\. \d+ (?:more|common)|goroutine \d|exit status|\[cause\]|node:|file:\/\/|created by |Process \S+:$|For further information|error Command failed|info Visit|npm (?:ERR!|error)|-{3,}|={3,}|\*{3,})/;

export const isTracePart = (line: string): boolean => TRACE_PART.test(line);

/** The line by which a runtime says what ended the process, at the line's beginning. */
const TERMINAL =
  /^(?:ERROR:\s+)?(?:(?:[a-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Timeout|Exit|Failure|Fault|Refused|Interrupt|NotFound|Invalid\w*|Violation)\b(?: \[\w+\])?(?::|$| \[)|Exception in thread |Caused by: |panic: |fatal error: |Unhandled [Ee]xception|Uncaught |Error: |FATAL|(?:thread '.{1,60}' panicked)|\w*Error \[\w+\]: |terminate called|Terminating due to|(?:[a-z]\w*\.){2,}[A-Z]\w*(?::|$))/;

export const isTerminal = (line: string): boolean => TERMINAL.test(line);

/** Exceptions that speak of a defect of the program and not of what it could not reach: the names that runtimes give them. */
const DEFECT =
  /^(?:Uncaught |Exception in thread "[^"]{1,80}" |Caused by: )?(?:(?:java\.lang|java\.util|System|builtins)\.)?(?:(?:Type|Reference|Range|Index|Key|Attribute|ZeroDivision|Assertion|Name|Recursion|UnboundLocal|Arithmetic|NotImplemented)Error|(?:NullPointer|NullReference|Arithmetic|ClassCast|(?:Array)?IndexOutOf(?:Bounds|Range)|IndexOutOfRange|ConcurrentModification|InvalidCast|DivideByZero)Exception|AssertionError)\b|^panic: (?:runtime error: |assignment to entry in nil map|close of |send on closed|invariant|interface conversion)/;

export const isDefect = (line: string): boolean => DEFECT.test(line);

/** How much of a log's end is read for its last words. */
const LAST_WORDS = 8192;

/** What a program said last: the exception that ended it, else its last line that is no part of a trace or shutdown. */
export function lastWords(text: string): string | undefined {
  const lines = text
    .slice(-LAST_WORDS)
    .split('\n')
    .map(cleanLine)
    .filter((line) => line.trim() !== '');
  return (
    lines.findLast(isTerminal) ?? lines.findLast((line) => !isTracePart(line) && !isShutdown(line)) ?? lines.at(-1)
  );
}
