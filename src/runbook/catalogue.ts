import type { z } from 'zod';
import { actions } from '../actions/registry.ts';
import { checks } from '../checks/registry.ts';
import { builtInNotifiers, type NamedNotifier } from '../notify/notifier.ts';

/** What a runbook may name: the actions and checks with their parameters' schemas, and the notifiers. */
export interface Catalogue {
  actions: Readonly<Record<string, { params: z.ZodType }>>;
  checks: Readonly<Record<string, { params: z.ZodType }>>;
  notifiers: readonly string[];
}

/** Everything that this version of Kintsugi has without a configuration file. */
export const knownCatalogue: Catalogue = { actions, checks, notifiers: builtInNotifiers };

/** The same with the notifiers that a configuration names. */
export function catalogueOf({ notifiers }: { notifiers: readonly Pick<NamedNotifier, 'name'>[] }): Catalogue {
  return { ...knownCatalogue, notifiers: [...notifiers.map(({ name }) => name), ...builtInNotifiers] };
}
