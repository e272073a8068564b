import type { Notifier, NotifierKind, NotifierSettings } from './notifier.ts';
import { notifiers } from './registry.ts';

/** The notifiers that the settings allow, by name. The log is always among them. */
export function createNotifiers(settings: NotifierSettings): Record<string, Notifier> {
  const kinds: NotifierKind[] = Object.values(notifiers);
  return Object.fromEntries(
    kinds.flatMap((kind) => {
      const notifier = kind.create(settings);
      return notifier === null ? [] : [[kind.name, notifier] as const];
    }),
  );
}
