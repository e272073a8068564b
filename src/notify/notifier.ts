import type { z } from 'zod';
import { KintsugiError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { ApprovalAnswer, ApprovalRequest, Page } from '../recovery/escalation.ts';

/** What every message carries besides the page: its own key, by which a provider drops a repeat (durability 11). */
export interface MessageContext {
  messageKey: string;
  signal: AbortSignal;
  /** What this notifier's last `trigger` returned for the page, where it took one; on `answered` what `ask` did. */
  providerId?: string;
}

/** One way to reach people. A method that returns was taken by the provider; it throws a KintsugiError otherwise. */
export interface Notifier {
  name: string;
  /** False for the log: what it takes has reached nobody, so it never counts as taken (durability 11). */
  reachesPeople: boolean;
  trigger(page: Page, context: MessageContext): Promise<{ providerId: string }>;
  update(page: Page, context: MessageContext): Promise<void>;
  resolve(page: Page, reason: string, context: MessageContext): Promise<void>;
  /** `page.key` is the question's own: it is apart from any page. */
  ask(page: Page, approval: ApprovalRequest, context: MessageContext): Promise<{ providerId: string }>;
  /** The question is answered, or not asked any more: nothing is left to press, and nobody is to be called for it again. */
  answered(page: Page, approval: ApprovalRequest, answer: ApprovalAnswer, context: MessageContext): Promise<void>;
  /** Somebody has taken the page on. A notifier without it is told by `update`. */
  acknowledge?(page: Page, by: string, context: MessageContext): Promise<void>;
  /** News of low urgency that wakes nobody. A notifier without it does not take them. */
  note?(page: Page, text: string, context: MessageContext): Promise<void>;
}

/** Thrown by a notifier that stands for several: some of those who had to be told were, the others are still to be. */
export class PartlyTaken extends KintsugiError {}

/** Whether the provider may have the message all the same, although this was thrown in place of its answer. */
export function mayBeTaken(thrown: unknown): boolean {
  return !(thrown instanceof KintsugiError) || thrown.code === 'timeout' || thrown.code === 'unavailable';
}

/** What a kind makes a notifier with, besides its settings. */
export interface NotifierDependencies {
  /** The name under which the configuration knows it. */
  name: string;
  log: Logger;
  /** Where a setting stands, for errors: `kintsugi.yaml:7:20 notifiers.named[0].urlFile`. */
  place(setting: string): string;
  clock?: () => Date;
  /** KINTSUGI_PUBLIC_URL */
  publicUrl?: string;
  /** KINTSUGI_TEMPORAL_UI_URL */
  temporalUiUrl?: string;
}

/**
 * A kind of notifier; one default export a file, found by the generated registry. A setting whose name ends with `File` is the
 * path of a secret: it is there and not empty when `create` is called, and is read at each message (`readSecret`).
 */
export interface NotifierKind<S> {
  /** What the configuration file says as `type`. */
  name: string;
  summary: string;
  settings: z.ZodType<S>;
  /** Calls nobody yet. Throws a KintsugiError for what its settings' schema cannot see. */
  create(settings: S, dependencies: NotifierDependencies): Notifier;
}

/** A notifier of the configuration file, its settings already checked by its kind's schema. */
export interface NamedNotifier {
  name: string;
  type: string;
  settings: unknown;
  /** Where each setting stands, the whole entry under the empty name: `file:line:column path`. */
  places: Readonly<Record<string, string>>;
}

/** The notifiers that need no entry in the configuration file. */
export const builtInNotifiers = ['default', 'webhook', 'log'] as const;
