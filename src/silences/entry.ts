import { z } from 'zod';
import { formatTarget, parseTarget } from '../recovery/ids.ts';
import type { SilenceEntry } from '../recovery/silence-answers.ts';
import type { Silence, Target } from '../recovery/values.ts';

/** Who, or why: something that can be read. */
const said = z.string().regex(/[^\s\p{Cf}]/u, 'says nothing');

/** A silence as it stands in Kintsugi's own list: of one target, or of all targets of a runbook. */
export const entrySchema: z.ZodType<SilenceEntry> = z
  .object({
    id: z.string().min(1),
    /** `namespace/kind/name`. */
    target: z.string().exactOptional(),
    runbook: z.string().exactOptional(),
    actor: said,
    /** A front door has verified who it is. */
    verified: z.literal(true).exactOptional(),
    reason: said,
    since: z.iso.datetime(),
    until: z.iso.datetime(),
    /** Who ended it before its time, when and why. */
    ended: z.object({ by: z.string(), at: z.iso.datetime(), reason: z.string() }).exactOptional(),
  })
  .refine(({ target, runbook }) => (target === undefined) !== (runbook === undefined), 'a target or a runbook');
export type Entry = SilenceEntry;

/** What a silence is about. */
export type Scope = { target: Target } | { runbook: string };

/** Whether it holds at that moment: each does from its writing on, whatever the clock says of who wrote it. */
export function isActive({ until, ended }: Entry, now: Date): boolean {
  return ended === undefined && Date.parse(until) > now.getTime();
}

/** Whether it is about that target, or the runbook by which it is mended. */
export function isAbout(entry: Entry, { runbook, target }: { runbook: string; target: Target | null }): boolean {
  if (entry.runbook !== undefined) return entry.runbook === runbook;
  const named = parseTarget(entry.target ?? '');
  return named !== null && target !== null && formatTarget(named) === formatTarget(target);
}

/** The entry as recoveries record it. */
export function silenceOf({ id, actor, reason, since, until }: Entry): Silence {
  return { id, source: 'kintsugi', by: actor, why: reason, since, until };
}
