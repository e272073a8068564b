import type { OrderProof } from './signed-order.ts';
import type { ModeVoice, Silence, Target, Unread } from './values.ts';

/** What people say of a target without a word to its recovery: silences, and the annotation `kintsugi.dev/mode`. */
export interface SilencesInput {
  runbook: string;
  target: Target | null;
  /** The labels of its firing trigger alerts, which Alertmanager's matchers are about. */
  alerts: Record<string, string>[];
  /** The id of the silence that the record has: who ended it is of interest. */
  known?: string;
}
export interface SilencesRead {
  /** The silence that holds now; of several the one that lasts longest. */
  silence: Silence | null;
  unread: Unread[];
  /** Who ended the known one before its time. */
  endedBy?: string;
  voice: ModeVoice | null;
}

/** What a front door asks of Kintsugi's own list of silences. */
export type SilenceRequest =
  | { what: 'list' }
  | {
      what: 'add';
      /** The silence's id: the same again is done once. */
      id: string;
      /** `namespace/kind/name`; without it all targets of the runbook. */
      target?: string;
      runbook?: string;
      forMs: number;
      actor: string;
      reason: string;
      signed?: OrderProof;
    }
  | { what: 'end'; id: string; actor: string; reason: string; signed?: OrderProof };

/** A silence as it stands in that list; which are the fields, `src/silences/entry.ts` says. */
export interface SilenceEntry {
  id: string;
  target?: string;
  runbook?: string;
  actor: string;
  /** A front door has verified who it is. */
  verified?: true;
  reason: string;
  since: string;
  until: string;
  ended?: { by: string; at: string; reason: string };
}
/** The silence that was added or ended, or all that are kept, the latest end first. */
export interface SilenceAnswer {
  silences: SilenceEntry[];
  /** How many more there are than an answer may hold. */
  leftOff?: number;
}
