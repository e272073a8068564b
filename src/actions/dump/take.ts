import { KintsugiError } from '../../errors.ts';
import type { ExecResult } from '../../kubernetes/exec.ts';
import { PROC_SCRIPT, type Process, type ProcView, parseProc } from './process.ts';
import { parsePySpy } from './py-spy.ts';
import { commandText, mayHoldLocks, socketSentence, taskSentence, threadSentence, threadsOf } from './sentences.ts';
import { type Dumper, dumperOf, javaSentence, nodeSentence } from './signals.ts';

/** The container that is looked into. */
export interface Inside {
  /** Runs one program in it, within a time limit. */
  run(command: string[]): Promise<ExecResult>;
  /** The same in a container beside it that has py-spy; absent where none may be put there. Throws where it does not run. */
  beside?(): Promise<Inside['run']>;
  /** What it has logged within the last seconds. */
  readLog(seconds: number): Promise<string>;
  /** The literals of its environment. */
  environment: ReadonlyMap<string, string>;
}

/** What was seen: in lines for people, and whole. */
export interface Dump {
  lines: string[];
  text: string;
}

/** Python processes that are looked at: the others of a pool wait in the same way. */
const MOST_PROCESSES = 2;
const LOG_SECONDS = 15;
/** Looks at threads that wait for locks: whoever answered a probe in one of them waits for work in another. */
const MOST_LOOKS = 3;

/**
 * Looks at the stacks, threads and sockets of a container without stopping its processes: py-spy reads the memory of Python as it is,
 * a signal is sent only to a runtime that is known to survive it (safety 26), /proc tells the rest. Whatever is not in the image, does
 * not answer or is refused is said to be not possible: what is done next does not wait for it.
 */
export async function takeDump(inside: Inside): Promise<Dump> {
  const proc = await readProc(inside);
  const view = typeof proc === 'string' ? null : parseProc(proc.stdout);
  const stacks = await stacksOf(inside, view);
  const read = view !== null && view.tasks.length > 0;
  return {
    lines: [
      ...stacks.lines,
      ...(read
        ? [taskSentence(view.tasks), socketSentence(view)]
        : [`threads and sockets: not possible: ${typeof proc === 'string' ? proc : 'nothing of /proc could be read'}`]),
    ],
    text: [stacks.text, typeof proc === 'string' ? '' : proc.stdout].filter((part) => part !== '').join('\n'),
  };
}

function readProc(inside: Inside): Promise<ExecResult | string> {
  return tried(() => inside.run(['sh', '-c', PROC_SCRIPT]));
}

async function stacksOf(inside: Inside, view: ProcView | null): Promise<Dump> {
  const processes = view?.processes ?? [];
  const python = processes.filter(isPython).slice(0, MOST_PROCESSES);
  const pids = python.length > 0 ? python.map(({ pid }) => pid) : processes.length > 0 ? [] : [1];
  const dumps = [];
  for (const pid of pids) dumps.push(await spyOn(inside, pid, view));
  const seen = dumps.filter((dump) => dump.text !== '');
  if (seen.length > 0) return together(seen);
  const first = processes.find(({ pid }) => pid === 1);
  const dumper = dumperOf(first, inside.environment);
  if (dumper !== null) return signalled(inside, dumper);
  const [tried] = dumps;
  if (tried !== undefined) return tried;
  const what = first === undefined ? 'its process 1' : commandText(first);
  return { lines: [`stacks: not possible: no runtime that tells its stacks is known of ${what}`], text: '' };
}

function isPython({ command: [program = '', script = ''] }: Process): boolean {
  // A script that a Python installed (uvicorn, gunicorn, celery) shows its interpreter as the program, and itself as the script.
  return /(?:^|\/)(?:python|pypy)[\d.]*$/.test(program) || /(?:^|\/)python[\d.]*$/.test(script);
}

/** One look tells a deadlock; where a thread does something else, it is looked again whether it does so still. */
async function spyOn(inside: Inside, pid: number, view: ProcView | null): Promise<Dump> {
  let look = await lookAt(inside, pid, view);
  for (let looks = 1; look.undecided && looks < MOST_LOOKS; looks += 1) {
    const proc = await readProc(inside);
    const again = await lookAt(inside, pid, typeof proc === 'string' ? null : parseProc(proc.stdout));
    if (again.text === '') break;
    look = again;
  }
  return look;
}

async function lookAt(inside: Inside, pid: number, view: ProcView | null): Promise<Dump & { undecided: boolean }> {
  const command = ['py-spy', 'dump', '--nonblocking', '--pid', String(pid)];
  const notPossible = (why: string) => ({ lines: [`stacks: not possible: ${why}`], text: '', undecided: false });
  const result = await tried(() => runOrBeside(inside, command));
  if (typeof result === 'string') return notPossible(result);
  const dump = parsePySpy(result.stdout);
  if (dump === null || result.exitCode !== 0) {
    const why = result.stderr.trim().split('\n')[0] || `exit code ${result.exitCode}`;
    return notPossible(`py-spy says ${why.slice(0, 200)}`);
  }
  const tasks = (view?.tasks ?? []).filter((task) => task.pid === pid);
  const threads = threadsOf(dump, tasks);
  return { lines: [threadSentence(dump, threads)], text: result.stdout, undecided: mayHoldLocks(threads) };
}

/** In the container itself, and beside it only where it has no such program. */
async function runOrBeside({ run, beside }: Inside, command: string[]): Promise<ExecResult> {
  try {
    return await run(command);
  } catch (thrown) {
    if (beside === undefined || !(thrown instanceof KintsugiError) || thrown.code !== 'not-found') throw thrown;
    return (await beside())(command);
  }
}

async function signalled(inside: Inside, dumper: Dumper): Promise<Dump> {
  const { runtime, signal, into } = dumper;
  // A second for the file to be written: it is looked for a few times.
  const script =
    into === 'log'
      ? `kill -${signal} 1`
      : `kill -${signal} 1; cd /proc/1/cwd || exit 1; for i in 1 2 3 4 5; do sleep 1; f=$(ls -t report*.json 2>/dev/null | head -n 1); [ -n "$f" ] && exec cat "$f"; done; exit 1`;
  const sent = await tried(() => inside.run(['sh', '-c', script]));
  const text = typeof sent === 'string' || into === 'file' ? sent : await tried(() => inside.readLog(LOG_SECONDS));
  if (typeof sent === 'string') return { lines: [`stacks: not possible: ${sent}`], text: '' };
  const told = typeof text === 'string' ? text : text.stdout;
  const sentence = into === 'log' ? javaSentence(told) : nodeSentence(told);
  if (sentence === null) return { lines: [`stacks: not possible: ${runtime} wrote none after SIG${signal}`], text: '' };
  return { lines: [sentence], text: told };
}

function together(dumps: readonly Dump[]): Dump {
  return { lines: dumps.flatMap(({ lines }) => lines), text: dumps.map(({ text }) => text).join('\n') };
}

/** Why not, where it cannot be had; only what cancels the step is thrown. */
async function tried<T>(attempt: () => Promise<T>): Promise<T | string> {
  try {
    return await attempt();
  } catch (thrown) {
    if (thrown instanceof KintsugiError) return thrown.message;
    throw thrown;
  }
}
