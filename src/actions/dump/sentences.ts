import type { Process, ProcView, Task } from './process.ts';
import type { PythonDump, PythonThread } from './py-spy.ts';

/** What a dump tells people: which threads wait for locks and where, what else they wait in, and which connections are stuck. */

const MOST_NAMED = 6;

/** Frames of threads that wait for work: they hold up nobody. */
const IDLE_FRAMES = [
  /^(?:Condition\.)?wait \(threading\.py/,
  /^(?:Event\.)?wait \(threading\.py/,
  /^(?:Queue\.)?get \(queue\.py/,
  /^_worker \(concurrent\/futures\/thread\.py/,
  /select \(selectors\.py/,
  /^(?:accept|_accept_connection) \(/,
];
/** Kernel functions in which a thread waits for something to come from outside. */
const IDLE_WAITS = /poll|select|epoll|accept/;
/** Frames of Python's own lock classes. */
const LOCK_FRAMES = /^(?:\w+\.)?(?:acquire|__enter__|_wait_for_tstate_lock|join) \((?:threading|_pydev)\S*\.py/;

/** The threads of a Python process that wait for locks, and the others that are not known to wait for work. */
export interface Threads {
  waiting: PythonThread[];
  others: PythonThread[];
}

/** By their frames and by where the kernel says that they wait. */
export function threadsOf(dump: PythonDump, tasks: readonly Task[]): Threads {
  const waiting = dump.threads.filter((thread) => waitsForLock(thread, tasks));
  const others = dump.threads.filter((thread) => !waiting.includes(thread) && !isIdle(thread, tasks));
  return { waiting, others };
}

/** Whether threads wait for locks that one which does something else at this moment may hold, or may not. */
export function mayHoldLocks({ waiting, others }: Threads): boolean {
  return waiting.length >= 2 && others.length > 0;
}

/** One sentence on the threads of a Python process. */
export function threadSentence({ threads, pid, version }: PythonDump, { waiting, others }: Threads): string {
  const count = `process ${pid} (Python ${version}) has ${threads.length} threads`;
  if (waiting.length < 2) {
    const busy = threads.filter(({ active }) => active);
    const told = (busy.length > 0 ? busy : [...waiting, ...others]).map(threadText);
    const what = busy.length > 0 ? 'running' : 'waiting';
    return `${count}, no two of which wait for locks${told.length === 0 ? '' : `; ${what}: ${list(told)}`}`;
  }
  const named = list(waiting.map(threadText));
  if (others.length === 0)
    return `deadlock: ${count}; ${waiting.length} wait for locks, and no other does anything: ${named}`;
  return `locks: ${count}; ${waiting.length} wait for locks: ${named}; these may hold them: ${list(others.map(threadText))}`;
}

function threadText({ name, frames }: PythonThread): string {
  const [inner = 'no frame'] = frames;
  const own = frames.find((frame) => !LOCK_FRAMES.test(frame)) ?? inner;
  return `"${name}" in ${own}`;
}

/** In Python's lock classes, or in the kernel's wait for a futex with a frame of the program's own on top. */
function waitsForLock(thread: PythonThread, tasks: readonly Task[]): boolean {
  const [inner = ''] = thread.frames;
  if (thread.active || isIdleFrame(inner)) return false;
  if (LOCK_FRAMES.test(inner)) return true;
  return thread.tid !== 0 && /^futex/.test(taskOf(thread, tasks)?.waitsIn ?? '');
}

function isIdle(thread: PythonThread, tasks: readonly Task[]): boolean {
  if (thread.active) return false;
  return isIdleFrame(thread.frames[0] ?? '') || IDLE_WAITS.test(taskOf(thread, tasks)?.waitsIn ?? '');
}

function isIdleFrame(frame: string): boolean {
  return IDLE_FRAMES.some((idle) => idle.test(frame));
}

function taskOf({ tid }: PythonThread, tasks: readonly Task[]): Task | undefined {
  return tasks.find((task) => task.tid === tid);
}

/** "threads: 6, waiting in futex_do_wait 5, do_poll 1; 1 waits for a device (state D)" */
export function taskSentence(tasks: readonly Task[]): string {
  const places = counted(
    tasks.filter(({ state }) => state !== 'R').map(({ waitsIn }) => waitsIn || 'an unknown place'),
  );
  const running = tasks.filter(({ state }) => state === 'R').length;
  const stuck = tasks.filter(({ state }) => state === 'D').length;
  return [
    `threads: ${tasks.length}, ${running} running`,
    places === '' ? '' : `waiting in ${places}`,
    stuck === 0 ? '' : `${stuck} waiting for a device, which no signal ends (state D)`,
  ]
    .filter((part) => part !== '')
    .join('; ');
}

/** "sockets: listens at 8080, 3 connections wait to be accepted; ESTABLISHED 4; 2 with requests that nobody has read" */
export function socketSentence({ sockets }: ProcView): string {
  const listening = sockets
    .filter(({ state }) => state === 'LISTEN')
    .map(
      ({ localPort, received }) =>
        `${localPort}${received === 0 ? '' : ` (${received} connections wait there to be accepted)`}`,
    );
  const ports = new Set(sockets.filter(({ state }) => state === 'LISTEN').map(({ localPort }) => localPort));
  const rest = sockets.filter(({ state }) => state !== 'LISTEN');
  const unread = rest.filter(({ received, localPort }) => received > 0 && ports.has(localPort)).length;
  const parts = [
    listening.length === 0 ? 'listens nowhere' : `listens at ${list([...new Set(listening)])}`,
    counted(rest.map(({ state }) => state)),
    unread === 0 ? '' : `${unread} with requests that nobody has read`,
  ];
  return `sockets: ${parts.filter((part) => part !== '').join('; ')}`;
}

/** The first arguments of a command: what it is, not everything that it was given. */
export function commandText({ command }: Process): string {
  const [program = '', ...rest] = command;
  return [program.split('/').at(-1) ?? program, ...rest].slice(0, 4).join(' ').slice(0, 100);
}

/** `futex_do_wait 5, do_poll 1`: the most frequent first. */
function counted(texts: readonly string[]): string {
  return [...Map.groupBy(texts, (text) => text)]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .slice(0, MOST_NAMED)
    .map(([text, all]) => `${text} ${all.length}`)
    .join(', ');
}

function list(texts: readonly string[]): string {
  const more = texts.length > MOST_NAMED ? ` and ${texts.length - MOST_NAMED} more` : '';
  return `${texts.slice(0, MOST_NAMED).join(', ')}${more}`;
}
