import type { Process } from './process.ts';

/**
 * Runtimes that write their stacks when they are sent a signal, and go on (safety 26). Only process 1 of the container: to that one
 * the kernel delivers no signal for which there is no handler, so a wrong guess cannot end it (pid_namespaces(7)).
 */
export interface Dumper {
  runtime: string;
  signal: string;
  /** Where the stacks come out: in the container's log, or in a file in its working folder. */
  into: 'log' | 'file';
}

/** How process 1 is made to tell its stacks; null where no signal is known to be safe. */
export function dumperOf(process: Process | undefined, environment: ReadonlyMap<string, string>): Dumper | null {
  if (process?.pid !== 1) return null;
  const [program = '', ...rest] = process.command;
  const name = program.split('/').at(-1);
  // https://docs.oracle.com/en/java/javase/21/docs/specs/man/java.html, -Xrs
  if (name === 'java' && !rest.some((argument) => argument === '-Xrs' || argument === '-XX:+ReduceSignalUsage'))
    return { runtime: 'the JVM', signal: 'QUIT', into: 'log' };
  // https://nodejs.org/api/report.html
  const options = [...rest, ...(environment.get('NODE_OPTIONS') ?? '').split(/\s+/)];
  if (name !== 'node' || !options.includes('--report-on-signal')) return null;
  const written = options.find((option) => option.startsWith('--report-signal='))?.split('=')[1];
  return { runtime: 'Node.js', signal: (written ?? 'SIGUSR2').replace(/^SIG/, ''), into: 'file' };
}

/** What a JVM's thread dump says, the last one of a log; null where there is none. */
export function javaSentence(log: string): string | null {
  const dump = log.slice(Math.max(0, log.lastIndexOf('Full thread dump')));
  if (!dump.startsWith('Full thread dump')) return null;
  const threads = dump.match(/^"[^"]+" .*(?:prio|tid)=/gm)?.length ?? 0;
  const blocked = dump.match(/java\.lang\.Thread\.State: BLOCKED/g)?.length ?? 0;
  const [, found] = dump.split(/^Found (?:one|\d+) Java-level deadlocks?:/m);
  const names = [...(found ?? '').matchAll(/^"([^"]+)":\s*$/gm)].map(([, name]) => `"${name}"`);
  if (names.length > 0) return `deadlock: the JVM says so of its threads ${[...new Set(names)].join(' and ')}`;
  return `the JVM has ${threads} threads, ${blocked} of them blocked at a lock, and found no deadlock`;
}

/** Where Node's main thread is, by its diagnostic report; null for a text that is none. */
export function nodeSentence(report: string): string | null {
  const stack = /"javascriptStack":\s*\{.*?"stack":\s*\[(.*?)\]/s.exec(report)?.[1];
  if (stack === undefined) return null;
  const frames = [...stack.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, frame = '']) => frame.replace(/^at /, ''));
  return `Node's main thread is in ${frames.slice(0, 3).join(', called by ') || 'no JavaScript'}`;
}
