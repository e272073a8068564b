import type { MessageContext, Notifier } from './notifier.ts';
import type { PageMessage } from './page-message.ts';

/**
 * A notifier to which every kind of message is the same: `tell` says it and returns the provider's own id of a page, where it has
 * one; the page's key stands for it else.
 */
export function notifierByMessage(
  { name, reachesPeople = true }: { name: string; reachesPeople?: boolean },
  tell: (message: PageMessage, context: MessageContext) => Promise<string | undefined>,
): Notifier {
  return {
    name,
    reachesPeople,
    async trigger(page, context) {
      return { providerId: (await tell({ event: 'trigger', page }, context)) ?? page.key };
    },
    async update(page, context) {
      await tell({ event: 'update', page }, context);
    },
    async resolve(page, reason, context) {
      await tell({ event: 'resolve', page, reason }, context);
    },
    async ask(page, approval, context) {
      return { providerId: (await tell({ event: 'approval', page, approval }, context)) ?? page.key };
    },
    async answered(page, approval, answer, context) {
      await tell({ event: 'answered', page, approval, answer }, context);
    },
    async acknowledge(page, by, context) {
      await tell({ event: 'acknowledge', page, by }, context);
    },
    async note(page, note, context) {
      await tell({ event: 'note', page, note }, context);
    },
  };
}
