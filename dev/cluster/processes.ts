import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KintsugiError } from '../../src/errors.ts';
import { lastWords } from '../build/last-words.ts';
import { identify, isRunning } from '../build/process-identity.ts';
import { membershipFile } from './cgroups.ts';
import { CGROUP } from './layout.ts';
import type { StateJournal } from './state.ts';

/** A program to run in the background, and where its output goes. */
export interface BackgroundProgram {
  name: string;
  program: string;
  args: string[];
  environment?: Record<string, string>;
  logFile: string;
}

/** A started program; `died` says what its log ended with once it is gone. */
export interface BackgroundProcess {
  name: string;
  pid: number;
  died: () => string | undefined;
}

/**
 * Starts a program that outlives this process: in a session of its own (Ctrl-C does not reach it), in the cluster's
 * control group from its first instruction on, and listed in the state.
 */
export function startInBackground(journal: StateJournal, program: BackgroundProgram): BackgroundProcess {
  mkdirSync(dirname(program.logFile), { recursive: true });
  const log = openSync(program.logFile, 'a');
  const joinGroupThenRun = 'echo $$ > "$0" && exec "$@"';
  const command = [membershipFile(`${CGROUP}/processes`), program.program, ...program.args];
  const child = spawn('/bin/sh', ['-c', joinGroupThenRun, ...command], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...program.environment },
  });
  const pid = child.pid;
  const identity = pid === undefined ? undefined : identify(pid);
  if (pid === undefined || identity === undefined) {
    throw new KintsugiError('unavailable', `${program.name} could not be started`, {
      where: program.program,
      fix: 'Check that the program can be run.',
    });
  }
  child.unref();
  journal.record((state) => state.processes.push({ name: program.name, ...identity }));
  const died = () => (isRunning(identity) ? undefined : lastWords(program.logFile));
  return { name: program.name, pid, died };
}

/** What {@link waitUntil} waits for. */
export interface Wait {
  /** Completes the sentence 'waited N s for ...'. */
  what: string;
  seconds: number;
  signal: AbortSignal | undefined;
  /** Processes without which it can never happen. */
  needs?: BackgroundProcess[];
}

/** Asks until the answer is true. Throws `timeout` after the time, `unavailable` when a needed process died. */
export async function waitUntil(wait: Wait, condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + wait.seconds * 1000;
  for (;;) {
    wait.signal?.throwIfAborted();
    if (await condition()) return;
    for (const needed of wait.needs ?? []) {
      const lastWords = needed.died();
      if (lastWords !== undefined) throw deathOf(needed.name, lastWords);
    }
    if (Date.now() > deadline) {
      throw new KintsugiError('timeout', `waited ${wait.seconds} s for ${wait.what}`, {
        where: (wait.needs ?? []).map((needed) => needed.name).join(', ') || 'the development cluster',
        fix: 'Read the logs in the cluster folder of the cache, then try again.',
      });
    }
    await sleep(100);
  }
}

/** Waits until all have ended, well or not, and throws the first failure: nothing goes on behind the caller's back. */
export async function allSettled(work: Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason;
}

function deathOf(name: string, lastWords: string): KintsugiError {
  return new KintsugiError('unavailable', `${name} ended: ${lastWords}`, {
    where: name,
    fix: 'The end of its log says why.',
  });
}

/** Whether something accepts TCP connections at the address and port. */
export function accepts(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, address);
    socket.setTimeout(2000, () => socket.destroy());
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('close', () => resolve(false));
    socket.once('error', () => resolve(false));
  });
}
