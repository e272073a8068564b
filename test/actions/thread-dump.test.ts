import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { PROC_SCRIPT, parseProc } from '../../src/actions/dump/process.ts';
import { parsePySpy } from '../../src/actions/dump/py-spy.ts';
import { dumperOf } from '../../src/actions/dump/signals.ts';
import { type Inside, takeDump } from '../../src/actions/dump/take.ts';
import { KintsugiError } from '../../src/errors.ts';
import type { ExecResult } from '../../src/kubernetes/exec.ts';

/** What is saved of a program that hangs. The texts are what the programs print: py-spy 0.4, Linux 6, OpenJDK 21, Node 24. */

const HEADER = `Process 1: /usr/local/bin/python3 -m kosmos.agent
Python v3.11.7 (/usr/local/bin/python3.11)

Thread 1 (idle): "MainThread"
    _PollLikeSelector.select (selectors.py:415)
    BaseServer.serve_forever (socketserver.py:233)
    <module> (kosmos/agent.py:24)
`;
const DEADLOCK = `${HEADER}Thread 20 (idle): "planner"
    transfer (kosmos/agent.py:7)
    Thread.run (threading.py:982)
    Thread._bootstrap_inner (threading.py:1045)
Thread 21 (idle): "memory-writer"
    settle (kosmos/agent.py:11)
    Thread.run (threading.py:982)
Thread 22 (idle): "worker"
    Condition.wait (threading.py:327)
    Queue.get (queue.py:171)
    work (kosmos/agent.py:16)
Thread 23 (idle): "ThreadPoolExecutor-0_0"
    _worker (concurrent/futures/thread.py:81)
    Thread.run (threading.py:982)
`;
const tasks = (waits: Record<number, string>) =>
  Object.entries(waits)
    .map(([tid, wchan]) => `task /proc/1/task/${tid} ${wchan} ${tid} (python3) S 1 1 1 0 -1`)
    .join('\n');
const WAITING = tasks({ 1: 'do_poll.constprop.0', 20: 'futex_do_wait', 21: 'futex_do_wait', 22: 'futex_do_wait' });
const PROCESS = 'process 1 /usr/local/bin/python3\u001f-m\u001fkosmos.agent\u001f';
const SOCKETS = `tcp   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
tcp    0: 00000000:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
tcp    1: 0500000A:1F90 0100000A:9C40 01 00000000:0000004E 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
tcp    2: 0500000A:9C42 0200000A:18EB 08 00000000:00000000 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1`;

const answer = (stdout: string, exitCode = 0, stderr = ''): ExecResult => ({ exitCode, stdout, stderr, cut: false });
const notThere = (program: string) =>
  new KintsugiError('not-found', `${program} is not in the image`, { where: 'exec', fix: 'Use another image.' });

/** A container in which programs answer what a test says, a list one after the other; what it says nothing of is not in the image. */
function container(
  programs: Record<string, ExecResult | Error | ExecResult[]>,
  { log = '', environment = {} }: { log?: string; environment?: Record<string, string> } = {},
): Inside & { ran: string[] } {
  const ran: string[] = [];
  return {
    ran,
    environment: new Map(Object.entries(environment)),
    readLog: async () => log,
    async run(command) {
      const script = command.join(' ');
      ran.push(script === `sh -c ${PROC_SCRIPT}` ? 'sh' : script);
      const name = script.includes('kill -') ? 'kill' : (command[0] ?? '');
      const program = programs[name] ?? notThere(name);
      const given = Array.isArray(program) ? (program.shift() ?? notThere(name)) : program;
      if (given instanceof Error) throw given;
      return given;
    },
  };
}

describe('a Python program that hangs', () => {
  test('of which two threads wait for each other’s locks is told as a deadlock, with their names and places', async () => {
    const inside = container({
      sh: answer([PROCESS, WAITING, SOCKETS].join('\n')),
      'py-spy': answer(DEADLOCK),
    });
    const { lines, text } = await takeDump(inside);
    expect(lines).toEqual([
      'deadlock: process 1 (Python 3.11.7) has 5 threads; 2 wait for locks, and no other does anything: "planner" in transfer (kosmos/agent.py:7), "memory-writer" in settle (kosmos/agent.py:11)',
      'threads: 4, 0 running; waiting in futex_do_wait 3, do_poll.constprop.0 1',
      'sockets: listens at 8080 (3 connections wait there to be accepted); ESTABLISHED 1, CLOSE_WAIT 1; 1 with requests that nobody has read',
    ]);
    expect(text).toContain('Thread 21 (idle): "memory-writer"');
    expect(inside.ran).toEqual(['sh', 'py-spy dump --nonblocking --pid 1']);
  });

  test('is no deadlock where another thread may hold the lock', async () => {
    const busy = `${DEADLOCK}Thread 24 (idle): "http-client"\n    recv_into (socket.py:720)\n    ask (kosmos/tools.py:30)\n`;
    const waits = `${WAITING}\n${tasks({ 24: 'sk_wait_data' })}`;
    const { lines } = await takeDump(container({ sh: answer([PROCESS, waits].join('\n')), 'py-spy': answer(busy) }));
    expect(lines[0]).toMatch(/^locks: .* 2 wait for locks: .*; these may hold them: "http-client" in recv_into/);
  });

  test('is a deadlock still where the thread that answered a probe at the first look waits for work at the second', async () => {
    const probed = DEADLOCK.replace('    _PollLikeSelector.select (selectors.py:415)', '    readinto (socket.py:718)');
    const answering = WAITING.replace('do_poll.constprop.0', 'sk_wait_data');
    const inside = container({
      sh: [answer([PROCESS, answering].join('\n')), answer([PROCESS, WAITING].join('\n'))],
      'py-spy': [answer(probed), answer(DEADLOCK)],
    });
    const { lines, text } = await takeDump(inside);
    expect(lines[0]).toMatch(/^deadlock: process 1 .* 2 wait for locks, and no other does anything/);
    expect(text).toContain('_PollLikeSelector.select');
    expect(inside.ran.filter((program) => program.startsWith('py-spy'))).toHaveLength(2);
  });

  test('is told by the thread that runs where none waits for a lock', async () => {
    const busy = `${HEADER}Thread 20 (active): "planner"\n    spin (kosmos/agent.py:9)\n`;
    const { lines } = await takeDump(container({ sh: answer(PROCESS), 'py-spy': answer(busy) }));
    expect(lines[0]).toBe(
      'process 1 (Python 3.11.7) has 2 threads, no two of which wait for locks; running: "planner" in spin (kosmos/agent.py:9)',
    );
  });

  test('in Python’s own lock classes needs no word of the kernel', () => {
    const dump = parsePySpy(
      'Process 7: python\nPython v3.9.2 (x)\n\nThread 0x7F12 (idle): "a"\n    acquire (threading.py:100)\n',
    );
    expect(dump).toEqual({
      pid: 7,
      version: '3.9.2',
      threads: [{ tid: 0, name: 'a', active: false, frames: ['acquire (threading.py:100)'] }],
    });
  });
});

describe('a container that gives little', () => {
  test('without a shell is asked by py-spy alone', async () => {
    const inside = container({ 'py-spy': answer(DEADLOCK.replace(/Thread (\d\d) /g, 'Thread 0x$1 ')) });
    const { lines } = await takeDump(inside);
    expect(lines[0]).toContain('5 threads, no two of which wait for locks');
    expect(lines[1]).toBe('threads and sockets: not possible: sh is not in the image');
  });

  test('without anything says what is not possible', async () => {
    const { lines, text } = await takeDump(container({}));
    expect(lines).toEqual([
      'stacks: not possible: py-spy is not in the image',
      'threads and sockets: not possible: sh is not in the image',
    ]);
    expect(text).toBe('');
  });

  test('that may not be traced, or does not answer, says so', async () => {
    const denied = answer('', 1, 'Error: Permission Denied: Try running again with elevated permissions\n\nReason:\n');
    const late = new KintsugiError('timeout', 'sh gave no answer within 10000 ms', { where: 'exec', fix: 'Again.' });
    const { lines } = await takeDump(container({ 'py-spy': denied, sh: late }));
    expect(lines).toEqual([
      'stacks: not possible: py-spy says Error: Permission Denied: Try running again with elevated permissions',
      'threads and sockets: not possible: sh gave no answer within 10000 ms',
    ]);
  });

  test('of a runtime that no signal is known to be safe for is sent none', async () => {
    const inside = container({ sh: answer('process 1 /app/server\u001f') });
    const { lines } = await takeDump(inside);
    expect(lines[0]).toBe('stacks: not possible: no runtime that tells its stacks is known of server');
    expect(inside.ran).toEqual(['sh']);
  });
});

describe('a runtime that survives a signal', () => {
  const JAVA = 'process 1 /opt/java/bin/java\u001f-jar\u001fapp.jar\u001f';
  const JSTACK = `Full thread dump OpenJDK 64-Bit Server VM (21.0.2+13 mixed mode):

"main" #1 [12] prio=5 os_prio=0 cpu=50ms elapsed=9s tid=0x1 nid=12 waiting on condition  [0x2]
"planner" #30 [40] prio=5 os_prio=0 cpu=1ms elapsed=8s tid=0x3 nid=40 waiting for monitor entry  [0x4]
   java.lang.Thread.State: BLOCKED (on object monitor)

Found one Java-level deadlock:
=============================
"planner":
  waiting to lock monitor 0x7f (object 0x8, a java.lang.Object),
  which is held by "writer"

"writer":
  waiting to lock monitor 0x9 (object 0xa, a java.lang.Object),
  which is held by "planner"
`;

  test('a JVM writes its stacks into its log', async () => {
    const inside = container({ sh: answer(JAVA), kill: answer('') }, { log: `started\n${JSTACK}` });
    expect((await takeDump(inside)).lines[0]).toBe('deadlock: the JVM says so of its threads "planner" and "writer"');
    expect(inside.ran).toContain('sh -c kill -QUIT 1');
  });

  test('Node writes a report where it was started to', async () => {
    const report = JSON.stringify({
      header: {},
      javascriptStack: { message: 'x', stack: ['at spin (/app/agent.js:7:3)', 'at main (/app/agent.js:1:1)'] },
    });
    const inside = container(
      { sh: answer('process 1 /usr/local/bin/node\u001fserver.js\u001f'), kill: answer(report) },
      { environment: { NODE_OPTIONS: '--report-on-signal' } },
    );
    expect((await takeDump(inside)).lines[0]).toBe(
      "Node's main thread is in spin (/app/agent.js:7:3), called by main (/app/agent.js:1:1)",
    );
    expect(inside.ran[1]).toMatch(/^sh -c kill -USR2 1;/);
  });

  test.each([
    ['a JVM that was told to use no signals', { pid: 1, command: ['java', '-Xrs', '-jar', 'app.jar'] }],
    ['a JVM that is not process 1', { pid: 7, command: ['java', '-jar', 'app.jar'] }],
    ['a Node without reports on signals', { pid: 1, command: ['node', 'server.js'] }],
    ['a program of its own', { pid: 1, command: ['/app/server'] }],
  ])('%s is sent none', (_, process) => {
    expect(dumperOf(process, new Map())).toBeNull();
  });
});

test('the script reads the processes, threads and sockets of a real /proc', () => {
  const view = parseProc(execFileSync('sh', ['-c', PROC_SCRIPT], { encoding: 'utf8' }));
  expect(view.processes.some(({ pid, command }) => pid === process.pid && command.length > 0)).toBe(true);
  expect(view.tasks.length).toBeGreaterThan(1);
  expect(view.tasks.every(({ state }) => /^[A-Z]$/.test(state))).toBe(true);
  expect(Array.isArray(view.sockets)).toBe(true);
});
