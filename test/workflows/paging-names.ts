/** Where a recovery hangs when its deadline comes; a target that is `well` recovers before. */
export const PHASES = ['diagnosing', 'applying', 'verifying', 'asking', 'well'] as const;
export type Phase = (typeof PHASES)[number];

/** A target's name says what becomes of its recovery: `app-7-verifying-45s`. */
export function nameOf(index: number, phase: Phase, rung: string): string {
  return `app-${index}-${phase}-${rung}`;
}

export function readName(name: string): { phase: Phase; rung: string } {
  const [, , phase = '', rung = ''] = name.split('-');
  const known = PHASES.find((candidate) => candidate === phase);
  if (known === undefined) throw new Error(`${name} is no target of this scene`);
  return { phase: known, rung };
}
