import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A process that cannot be mistaken for a later one with the same pid. */
export const processIdentitySchema = z.object({
  pid: z.int().positive(),
  /** When it started, in the system's own words (clock ticks since boot, or ps's time): only compared for equality. */
  startTime: z.string().min(1),
});
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

/** The identity of a running process, or undefined when there is none with this pid (a zombie counts as ended). */
export function identify(pid: number): ProcessIdentity | undefined {
  const startTime = process.platform === 'linux' ? startTimeFromProc(pid) : startTimeFromPs(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return identify(process.pid) ?? { pid: process.pid, startTime: 'unknown' };
}

/** Whether exactly this process still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTime === identity.startTime;
}

/** Reads an identity from JSON text; undefined when it is not one. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    return processIdentitySchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** proc(5): field 3 is the state, field 22 the start time in clock ticks since boot; field 2 may contain spaces and ')'. */
function startTimeFromProc(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return afterName[0] === 'Z' || afterName[0] === 'X' ? undefined : afterName[19];
}

function startTimeFromPs(pid: number): string | undefined {
  const answer = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return answer.status === 0 ? answer.stdout.trim() || undefined : undefined;
}
