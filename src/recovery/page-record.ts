import type { Acknowledgement } from './escalation.ts';
import type { StepName } from './steps.ts';

/** One page: all rungs, updates and its resolution under one key (durability 11). */
export interface PageRecord {
  number: number;
  /** Set on a page that is not about a broken target. */
  about?: 'hold';
  key: string;
  rungs: RungRecord[];
  /** Seq up to which those know it of whom `told` says nothing. */
  toldUpTo: number;
  /** Seq of the record that the message on its way was made from. */
  composedAt: number;
  /** What each notifier that took it was told since, by its name. */
  told?: Record<string, Told>;
  /** Who has it in hand: the last person who acknowledged it. */
  acknowledged?: Acknowledgement;
  /** Set where nobody said so but by taking the target over: handing that back lets go of the page too. */
  withTarget?: true;
  /** When whoever had it last handed the target back. */
  handedBack?: string;
  resolved: { at: string; reason: string } | null;
  /** The notifiers that are still to be told that it is over. */
  owed?: string[];
}

/** What one notifier knows of a page. */
export interface Told {
  /** Seq up to which it knows. */
  upTo: number;
  /** Of whose acknowledgement it knows. */
  acknowledged?: string;
  /** A person has ended the page there: it is opened anew where a look sees the target broken. */
  endedThere?: true;
  /** Its last failures in a row, all of one kind of message. */
  failure?: { step: StepName; count: number; at: string };
}

export interface RungRecord {
  rung: number;
  why: string;
  dueAt: string;
  /** Of the last rung: which repetition. */
  repeat?: number;
  tries: RungTry[];
}

/** `providerId`: by which the provider calls it; `lost`: its answer was, so that it may have taken the page. */
export interface RungTry {
  notifier: string;
  at: string;
  taken: boolean;
  error?: string;
  providerId?: string;
  lost?: true;
}
