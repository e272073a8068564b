import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { parseQuantity } from '../../kubernetes/quantity.ts';
import { milliseconds } from '../../recovery/durations.ts';
import { duration, quantity } from '../../runbook/schema/scalars.ts';
import type { ActionContext } from '../action.ts';
import type { Exporter } from './tool.ts';

/** Parameters that exporting and importing share. */

/** An absolute path without anything that a shell or a program could read otherwise. */
export const containerPath = z
  .string()
  .regex(/^\/[\w./-]*[\w-]$/, 'an absolute path of letters, digits, dots, dashes and slashes: /tmp/state.json');

export const program = z.array(z.string().min(1)).min(1).describe('The program with its arguments, without a shell');

export const timeout = duration
  .refine((text) => milliseconds(text) > 0 && milliseconds(text) <= 600_000, 'at most 10m, and more than nothing')
  .default('120s');

export const limit = quantity
  .refine((text) => bytesOf(text) <= 1024 ** 3, 'at most 1Gi')
  .default('256Mi')
  .describe('A larger file is not brought out');

export const containerParameters = {
  pod: z
    .string()
    .optional()
    .describe('Which pod; without it the only one whose container runs, else the only one that is ready'),
  container: z.string().optional().describe("Which container; by default the finding's, else the target's"),
};

const BILLION = 1_000_000_000n;

function bytesOf(text: string): number {
  return Number(parseQuantity(text) / BILLION);
}

export function exporterOf(given: { command: string[]; output: string; timeout: string; limit: string }): Exporter {
  const { command, output } = given;
  return { command, output, timeoutMs: milliseconds(given.timeout), maxBytes: bytesOf(given.limit) };
}

/** The container that is meant; the first where neither call, finding nor runbook names one. */
export function containerName(
  { finding, runbook }: ActionContext,
  named: string | undefined,
  containers: readonly { name: string }[],
): string {
  return named ?? finding.container ?? runbook.spec.target.container ?? containers[0]?.name ?? '';
}

/** Each plan is for one execution. */
export function newKey(): string {
  return randomBytes(8).toString('hex');
}
