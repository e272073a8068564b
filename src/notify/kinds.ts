import type { NotifierKind } from './notifier.ts';
import { notifierKinds } from './registry.ts';

const kinds: Readonly<Record<string, NotifierKind<unknown>>> = notifierKinds;

/** What the configuration file may give as `type`. */
export const kindNames: readonly string[] = Object.keys(kinds);

/** The kind of that name, if there is one. */
export function kindNamed(type: string): NotifierKind<unknown> | undefined {
  return Object.hasOwn(kinds, type) ? kinds[type] : undefined;
}
