import type { z } from 'zod';
import { actions } from '../actions/registry.ts';
import { checks } from '../checks/registry.ts';
import { notifierNames } from '../notify/names.ts';

/** What a runbook may name: the actions and checks with their parameters' schemas, and the notifiers. */
export interface Catalogue {
  actions: Readonly<Record<string, { params: z.ZodType }>>;
  checks: Readonly<Record<string, { params: z.ZodType }>>;
  notifiers: readonly string[];
}

/** Everything that this version of Kintsugi has. */
export const knownCatalogue: Catalogue = { actions, checks, notifiers: notifierNames };
