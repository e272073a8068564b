import type { ApprovalRequest, Page } from '../recovery/activities.ts';

/** What every message carries besides the page: its own key, by which a provider drops a repeat (durability 11). */
export interface MessageContext {
  messageKey: string;
  signal: AbortSignal;
}

/** One way to reach people; one default export a file. A method that returns was taken by the provider; it throws a KintsugiError otherwise. */
export interface Notifier {
  name: string;
  trigger(page: Page, context: MessageContext): Promise<{ providerId: string }>;
  update(page: Page, context: MessageContext): Promise<void>;
  resolve(page: Page, reason: string, context: MessageContext): Promise<void>;
  ask(page: Page, approval: ApprovalRequest, context: MessageContext): Promise<void>;
}
