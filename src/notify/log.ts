import type { Logger } from '../log.ts';
import { notifierByMessage } from './by-message.ts';
import type { Notifier } from './notifier.ts';
import { plainText } from './page.ts';

/** How many message keys are remembered, so that a page tried again every 30 s is written once. */
const REMEMBERED = 1000;

/** Writes the whole page into the worker's log; it reaches nobody by itself. */
export function createLogNotifier(log: Logger): Notifier {
  const written = new Set<string>();
  return notifierByMessage({ name: 'log', reachesPeople: false }, async (message, { messageKey }) => {
    if (written.has(messageKey)) return undefined;
    if (written.size >= REMEMBERED) written.clear();
    written.add(messageKey);
    const { page } = message;
    const text = plainText(message);
    const [firstLine = ''] = text.split('\n');
    log.warn({ recoveryId: page.recoveryId, pageKey: page.key, messageKey, page: text }, firstLine);
    return undefined;
  });
}
