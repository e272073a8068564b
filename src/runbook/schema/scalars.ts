import { z } from 'zod';

/** The single values that a runbook is written with. */

const DURATION = /^(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?$/;
const QUANTITY = /^[0-9]+(?:\.[0-9]+)?(?:[EPTGMk]i?|m)?$/;
const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

export const duration = z
  .string()
  .refine((text) => text !== '' && DURATION.test(text), 'a duration like 90s, 15m or 1h30m')
  .describe('A duration: 90s, 15m, 1h30m');
export const quantity = z
  .string()
  .regex(QUANTITY, 'a quantity like 512Mi, 2Gi or 250m')
  .describe('A quantity as Kubernetes writes it: 512Mi, 2Gi, 250m');
export const name = z.string().regex(DNS_LABEL, 'a name of lower-case letters, digits and dashes');
export const text = z.string().min(1);
