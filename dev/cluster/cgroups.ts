import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const MOUNT = '/sys/fs/cgroup';

/** The folders that are roots of a control group hierarchy: one with version 2, several with version 1. */
export function hierarchies(mount = MOUNT): string[] {
  if (existsSync(join(mount, 'cgroup.controllers'))) return [mount];
  return readdirSync(mount, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(mount, entry.name))
    .filter((folder) => existsSync(join(folder, 'cgroup.procs')));
}

/** Makes the group in every hierarchy; the kubelet wants its root group there. */
export function createGroup(group: string): void {
  for (const hierarchy of hierarchies()) mkdirSync(join(hierarchy, group), { recursive: true });
}

/**
 * The `cgroup.procs` file that puts a process and all its children into the group, in the hierarchy that tracks
 * processes. Nothing in this group is limited; it is how `down` finds every child, whoever was killed before.
 */
export function membershipFile(group: string): string {
  const all = hierarchies();
  const tracking = all.find((folder) => folder.endsWith('/pids')) ?? all[0] ?? MOUNT;
  mkdirSync(join(tracking, group), { recursive: true });
  return join(tracking, group, 'cgroup.procs');
}

/** Kills every process in the group and below, then removes the group. Says which pids could not be ended in 15 s. */
export async function removeGroup(group: string): Promise<number[]> {
  const folders = () => hierarchies().flatMap((hierarchy) => groupAndBelow(join(hierarchy, group)));
  const deadline = Date.now() + 15_000;
  let alive = pidsIn(folders());
  while (alive.length > 0 && Date.now() < deadline) {
    for (const pid of alive) kill(pid);
    await sleep(50);
    alive = pidsIn(folders());
  }
  for (const folder of folders()) removeFolder(folder);
  return alive;
}

/** The group's folder and all below it, deepest first. */
function groupAndBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const children = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...children.flatMap((child) => groupAndBelow(join(folder, child.name))), folder];
}

function pidsIn(folders: string[]): number[] {
  const pids = new Set<number>();
  for (const folder of folders) {
    for (const line of readProcesses(folder)) {
      const pid = Number(line);
      if (pid > 1) pids.add(pid);
    }
  }
  return [...pids];
}

function readProcesses(folder: string): string[] {
  try {
    return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n');
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in between.
  }
}

function removeFolder(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // A group with a process that cannot be killed stays; the pid is in the answer.
  }
}
