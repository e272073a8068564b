import { createHash } from 'node:crypto';
import { lineOf } from './line.ts';
import type { MessageContext } from './notifier.ts';
import { plainText } from './page.ts';
import type { PageMessage } from './page-message.ts';

/** One e-mail, as nodemailer takes it. */
export interface Letter {
  from: { name: string; address: string };
  to: string[];
  subject: string;
  text: string;
  messageId: string;
  inReplyTo: string;
  references: string[];
  priority?: 'high';
  headers: { [name: string]: string };
}

/** Longer ones are cut by the programs that show them. */
const LONGEST_SUBJECT = 200;

/**
 * The letter of a message. Its Message-ID is made from the message's key, so a repeat is the same letter. All letters about a page
 * answer to one that is made from the page's key: they are one thread even where another notifier had the first.
 */
export function emailMessage(
  message: PageMessage,
  { messageKey, providerId }: MessageContext,
  { from, to }: { from: string; to: string[] },
): Letter {
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const thread = idOf(message.page.key, domain);
  const first = providerId?.startsWith('<') === true ? providerId : thread;
  return {
    from: { name: 'Kintsugi', address: from },
    to,
    subject: lineOf(message, LONGEST_SUBJECT),
    text: plainText(message),
    messageId: idOf(messageKey, domain),
    inReplyTo: first,
    references: [...new Set([thread, first])],
    ...(isLoud(message) ? { priority: 'high' as const } : {}),
    // No absence note answers, and no other program takes it for a person's (RFC 3834).
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}

/** Keys hold slashes and names of any length; an id of a letter may not. */
function idOf(key: string, domain: string): string {
  return `<${createHash('sha256').update(key).digest('hex').slice(0, 40)}@${domain}>`;
}

/** What somebody has to act on; news are not. */
function isLoud({ event, page }: PageMessage): boolean {
  return (event === 'trigger' || event === 'approval') && page.severity !== 'info';
}
