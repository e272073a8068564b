import type { Logger } from '../log.ts';
import type { ApprovalRequest, Page } from '../recovery/activities.ts';
import type { Notifier } from './notifier.ts';
import { plainText } from './page.ts';

/** How many message keys are remembered, so that a page tried again every 30 s is written once. */
const REMEMBERED = 1000;

/** Writes the whole page into the worker's log; it reaches nobody by itself. */
export function createLogNotifier(log: Logger): Notifier {
  const written = new Set<string>();
  const write = (text: string, page: Page, messageKey: string): void => {
    if (written.has(messageKey)) return;
    if (written.size >= REMEMBERED) written.clear();
    written.add(messageKey);
    const [firstLine = ''] = text.split('\n');
    log.warn({ recoveryId: page.recoveryId, pageKey: page.key, messageKey, page: text }, firstLine);
  };
  return {
    name: 'log',
    reachesPeople: false,
    async trigger(page, { messageKey }) {
      write(plainText({ event: 'trigger', page }), page, messageKey);
      return { providerId: page.key };
    },
    async update(page, { messageKey }) {
      write(plainText({ event: 'update', page }), page, messageKey);
    },
    async resolve(page, reason, { messageKey }) {
      write(plainText({ event: 'resolve', page, reason }), page, messageKey);
    },
    async ask(page, approval: ApprovalRequest, { messageKey }) {
      write(plainText({ event: 'approval', page, approval }), page, messageKey);
    },
    async acknowledge(page, by, { messageKey }) {
      write(plainText({ event: 'acknowledge', page, by }), page, messageKey);
    },
    async note(page, note, { messageKey }) {
      write(plainText({ event: 'note', page, note }), page, messageKey);
    },
  };
}
