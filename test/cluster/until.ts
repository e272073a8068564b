import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until a condition holds; fails after a minute with what was waited for. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited a minute for ${what}`);
    await sleep(200);
  }
}
