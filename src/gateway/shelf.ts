import { messageOf } from '../errors.ts';
import { formatFault } from '../faults/fault.ts';
import type { Logger } from '../log.ts';
import type { Catalogue } from '../runbook/catalogue.ts';
import { loadRunbooks, type StoredRunbook } from '../runbook/load.ts';

/** How long a reading counts: a new runbook's alerts are known this soon, without a restart. */
const FRESH_MS = 5_000;

/**
 * The runbooks of a folder as they are now. The first reading throws if the folder cannot be read; later ones keep what was
 * there, for an alert must not be lost to a file that is being written. A faulty runbook is logged and left out.
 */
export async function createShelf(
  dir: string,
  catalogue: Catalogue,
  log: Logger,
  now: () => Date,
): Promise<() => Promise<StoredRunbook[]>> {
  let shown = '';
  const read = async (): Promise<StoredRunbook[]> => {
    const { runbooks, faults } = await loadRunbooks(dir, catalogue);
    const lines = faults.map(formatFault);
    // The same faults again are no news.
    if (lines.join('\n') !== shown) for (const line of lines) log.error({ fault: line }, 'a runbook cannot run');
    shown = lines.join('\n');
    return runbooks;
  };
  let latest = { at: now().getTime(), runbooks: await read() };
  return async () => {
    if (now().getTime() - latest.at < FRESH_MS) return latest.runbooks;
    try {
      latest = { at: now().getTime(), runbooks: await read() };
    } catch (thrown) {
      log.error({ error: messageOf(thrown) }, 'the runbooks could not be read again: those read before stay');
    }
    return latest.runbooks;
  };
}
