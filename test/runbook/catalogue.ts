import { z } from 'zod';
import type { Catalogue } from '../../src/runbook/catalogue.ts';

/** A small stand-in for the registries: what a runbook's parameters are checked against in these tests. */
export const catalogue: Catalogue = {
  actions: {
    'set-resources': {
      params: z.strictObject({
        container: z.string().regex(/^[a-z][-a-z0-9]*$/, 'the name of a container'),
        memory: z.strictObject({ limit: z.string(), factor: z.number().optional() }),
      }),
    },
    'wait-ready': { params: z.strictObject({ of: z.string().optional(), timeout: z.string().optional() }) },
    'delete-pod': { params: z.strictObject({ of: z.string().optional() }) },
    'rollout-restart': { params: z.strictObject({}) },
  },
  checks: {
    ready: { params: z.strictObject({}) },
    http: { params: z.strictObject({ path: z.string(), service: z.string().optional() }) },
    logs: { params: z.strictObject({ healthy: z.string() }) },
  },
  notifiers: ['log', 'webhook'],
};
