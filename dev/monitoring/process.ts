/** Programs that live and die with the process that starts them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { KintsugiError } from '../../src/errors.ts';
import { findOnPath } from '../build/commands.ts';
import { lastWords } from '../build/last-words.ts';
import { identify, type ProcessIdentity } from '../build/process-identity.ts';

/** A program to run, and where its output goes. */
export interface Program {
  name: string;
  program: string;
  args: string[];
  /** In place of this process' own. */
  environment?: NodeJS.ProcessEnv;
  logFile: string;
}

export interface StartedProgram extends ProcessIdentity {
  name: string;
  /** The end of its log once it has ended, else undefined. */
  died(): string | undefined;
  /** Ends it, and by force if that takes more than five seconds. */
  stop(): Promise<void>;
}

/**
 * Starts a program in this process' group, so that the terminal's Ctrl-C reaches it; where `setpriv` is, the kernel
 * also ends it when this process is killed.
 * @throws KintsugiError `unavailable` when it cannot be run
 */
export async function startProgram({ name, program, args, environment, logFile }: Program): Promise<StartedProgram> {
  const log = openSync(logFile, 'a');
  const setpriv = findOnPath('setpriv');
  const command = setpriv === undefined ? [program, ...args] : [setpriv, '--pdeathsig', 'TERM', program, ...args];
  const child = spawn(command[0] ?? program, command.slice(1), {
    stdio: ['ignore', log, log],
    env: environment ?? process.env,
  });
  closeSync(log);
  await Promise.race([
    once(child, 'spawn'),
    once(child, 'error').then(([error]) => Promise.reject(unusable(name, error))),
  ]);
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (identity === undefined) throw unusable(name, lastWords(logFile));
  return {
    name,
    ...identity,
    died: () => (hasEnded(child) ? lastWords(logFile) : undefined),
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(force);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function unusable(name: string, reason: unknown): KintsugiError {
  return new KintsugiError('unavailable', `${name} could not be started: ${String(reason)}`, {
    where: name,
    fix: 'Check that its Debian package is installed.',
  });
}
