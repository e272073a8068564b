import type { z } from 'zod';

/** What a runbook may name: the actions and checks with their parameters' schemas, and the notifiers. */
export interface Catalogue {
  actions: Readonly<Record<string, { params: z.ZodType }>>;
  checks: Readonly<Record<string, { params: z.ZodType }>>;
  notifiers: readonly string[];
}
