import type { Finding, Quote } from '../recovery/values.ts';
import { shortened } from '../recovery/words.ts';
import type { Cause } from '../runbook/schema/causes.ts';
import type { Signature } from './signature.ts';
import { signatures } from './signatures/registry.ts';

/** What a finding is made from; label and key follow from it. */
export interface FindingParts {
  cause: Cause;
  summary: string;
  /** What mends it, where that is obvious: one sentence, which follows the summary. */
  mend?: string | undefined;
  score: number;
  subject?: string | undefined;
  container?: string | undefined;
  pod?: string | undefined;
  quotes?: Quote[];
  root?: boolean;
}

/** Quotes are for people: a traceback's line may be long. */
const LONGEST_QUOTE = 400;
const LONGEST_SUMMARY = 400;
const LONGEST_SUBJECT = 160;

const labels = new Map<string, string>(
  Object.values<Signature>(signatures).map((signature) => [signature.cause, signature.label ?? signature.cause]),
);

/** Builds a finding: its label by the signature of its cause, its key `cause|container|subject` (contracts.md). */
export function finding(parts: FindingParts): Finding {
  const subject = parts.subject === undefined ? undefined : shortened(oneLine(parts.subject), LONGEST_SUBJECT);
  return {
    cause: parts.cause,
    label: labels.get(parts.cause) ?? parts.cause,
    key: [parts.cause, parts.container ?? '', subject ?? ''].join('|'),
    summary: withMend(oneLine(parts.summary), parts.mend),
    ...(subject === undefined ? {} : { subject }),
    ...(parts.container === undefined ? {} : { container: parts.container }),
    ...(parts.pod === undefined ? {} : { pod: parts.pod }),
    root: parts.root ?? true,
    score: parts.score,
    quotes: (parts.quotes ?? []).slice(0, 5).map((quote) => ({ ...quote, text: shortened(quote.text, LONGEST_QUOTE) })),
  };
}

/** A long message in a summary never pushes out what is to be done. */
function withMend(summary: string, mend: string | undefined): string {
  if (mend === undefined) return shortened(summary, LONGEST_SUMMARY);
  const end = shortened(oneLine(mend), LONGEST_SUMMARY / 2);
  return `${shortened(summary, LONGEST_SUMMARY - end.length - 1)} ${end}`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** One finding a key: the one with the highest score, in descending order of score. */
export function ranked(findings: Finding[]): Finding[] {
  const byKey = new Map<string, Finding>();
  for (const candidate of findings) {
    const known = byKey.get(candidate.key);
    if (known === undefined || candidate.score > known.score) byKey.set(candidate.key, candidate);
  }
  return [...byKey.values()].toSorted((a, b) => Number(b.root) - Number(a.root) || b.score - a.score);
}
