import type { Plan } from '../../recovery/values.ts';

/** What the rules of safety say to a plan: a refusal forbids it, reasons to ask make it wait for a person. */
export interface Verdict {
  refusal?: { code: string; reason: string };
  asks: string[];
}

export const FINE: Verdict = { asks: [] };

export function refuse(code: string, reason: string): Verdict {
  return { refusal: { code, reason }, asks: [] };
}

export function ask(...reasons: string[]): Verdict {
  return { asks: reasons };
}

/** All verdicts together: the first refusal, and every reason to ask. */
export function together(...verdicts: readonly Verdict[]): Verdict {
  const refusal = verdicts.find((verdict) => verdict.refusal !== undefined)?.refusal;
  return { ...(refusal === undefined ? {} : { refusal }), asks: verdicts.flatMap(({ asks }) => asks) };
}

/** The plan's part that a verdict is. */
export function judged({ refusal, asks }: Verdict): Pick<Plan, 'refusal' | 'ask'> {
  return {
    ...(refusal === undefined ? {} : { refusal }),
    ...(asks.length === 0 ? {} : { ask: asks.join('; ') }),
  };
}
