import type { Logger } from '../log.ts';
import type { ApprovalRequest, Page } from '../recovery/activities.ts';

/** What every message carries besides the page: its own key, by which a provider drops a repeat (durability 11). */
export interface MessageContext {
  messageKey: string;
  /** What this notifier's `trigger` returned for this page, on what follows it. */
  providerId?: string;
  signal: AbortSignal;
}

/** One way to reach people. A method that returns was taken by the provider; it throws a KintsugiError otherwise. */
export interface Notifier {
  name: string;
  /** False for the log: what it takes has reached nobody, so it never counts as taken (durability 11). */
  reachesPeople: boolean;
  trigger(page: Page, context: MessageContext): Promise<{ providerId: string }>;
  update(page: Page, context: MessageContext): Promise<void>;
  resolve(page: Page, reason: string, context: MessageContext): Promise<void>;
  ask(page: Page, approval: ApprovalRequest, context: MessageContext): Promise<void>;
  /** Tells the provider that `by` has the page in hand; without it the provider gets an update that says so. */
  acknowledge?(page: Page, by: string, context: MessageContext): Promise<void>;
  /** One sentence of low urgency, which wakes nobody; without it the notifier takes no notes. */
  note?(page: Page, text: string, context: MessageContext): Promise<void>;
}

/** What notifiers are made from: the worker's environment, already validated. */
export interface NotifierSettings {
  log: Logger;
  /** KINTSUGI_WEBHOOK_URL. It may hold a token: it is never logged or shown. */
  webhookUrl?: string;
  /** KINTSUGI_WEBHOOK_SECRET: signs the body. */
  webhookSecret?: string;
}

/** A kind of notifier; one default export a file, found by the generated registry. */
export interface NotifierKind {
  name: string;
  summary: string;
  /** Null if its settings are not given: the worker then has no such notifier, and `doctor` says so. */
  create(settings: NotifierSettings): Notifier | null;
}
