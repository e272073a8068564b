import type { ApprovalAnswer, ApprovalRequest, Page } from '../recovery/escalation.ts';

/** One message to people: a page, its update, its resolution, or an approval that is asked for. */
export type PageMessage =
  | { event: 'trigger' | 'update'; page: Page }
  | { event: 'resolve'; page: Page; reason: string }
  | { event: 'acknowledge'; page: Page; by: string }
  | { event: 'note'; page: Page; note: string }
  | { event: 'approval'; page: Page; approval: ApprovalRequest }
  | { event: 'answered'; page: Page; approval: ApprovalRequest; answer: ApprovalAnswer };

/** A message that tells all of the page. */
export type Told = Exclude<PageMessage, { event: 'resolve' | 'acknowledge' | 'note' | 'answered' }>;

/** Whether a message is one sentence, and tells nothing else of the page. */
export function isOneLine(
  message: PageMessage,
): message is Extract<PageMessage, { event: 'note' | 'acknowledge' | 'answered' }> {
  return message.event === 'note' || message.event === 'acknowledge' || message.event === 'answered';
}
