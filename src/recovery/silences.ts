import type { HeldBack } from './activities.ts';
import type { Attempt } from './attempt.ts';
import type { Clock } from './clock.ts';
import { after, isPast } from './durations.ts';
import type { EventBody, RecoveryEvent } from './events.ts';
import { isForwarder } from './policy.ts';
import type { RecoveryRecord } from './record.ts';
import type { SilencesInput, SilencesRead } from './silence-answers.ts';
import type { ModeVoice, Plan, Silence, Unread } from './values.ts';

/**
 * Silences: maintenance of a target for a time, by a person who says who and why. While one holds, automation begins no write on
 * the target and asks for no approval, and a page that comes due is held. It never hides a page that is open, undos go on, and
 * what a person orders is no automation. What cannot be read holds no page: then people are called.
 */

/** What a recovery knows of silences. */
export interface SilenceState {
  current: Silence | null;
  /** When they were last asked for. */
  askedAt: string | null;
  /** When the source of the present silence last answered. */
  heardAt: string | null;
  unread: Unread[];
  /** Since when a page is held, and what it is about. */
  held: { at: string; why: string } | null;
  /** The last silence of this episode that is over. */
  ended: { silence: Silence; at: string; by?: string; why: string } | null;
}

export const noSilences: SilenceState = {
  current: null,
  askedAt: null,
  heardAt: null,
  unread: [],
  held: null,
  ended: null,
};

/** Nobody is called on an answer that is older than this: the silences are read right before a page. */
const FRESH_MS = 5_000;
/** Under a silence it is asked this often whether it still holds, after an hour less. */
const ASK_AGAIN_MS = 15_000;
const LATER_ASK_MS = 60_000;
const OFTEN_FOR_MS = 3_600_000;
/** A silence whose source gives no answer any more is believed for so long. */
const BELIEVED_MS = 120_000;
/** A write waits for so long for silences and an annotation that cannot be read. */
const UNREAD_MS = 60_000;

/** The silence that holds now, as far as the record knows. */
export function silencedBy({ silences, now }: RecoveryRecord): Silence | null {
  const current = silences?.current ?? null;
  return current === null || isPast(current.until, now) ? null : current;
}

/** Whether people may be called now: `ask` while that is not known, `held` under a silence. */
export function mayCall(record: RecoveryRecord, freshMs = FRESH_MS): 'go' | 'ask' | 'held' {
  const { silences, now, inFlight } = record;
  // Who ends a recovery ends the watch over it: nobody would call when the silence is over.
  if (silences === undefined || record.closing !== null) return 'go';
  if (inFlight.people?.step === 'read-silences') return 'ask';
  if (silencedBy(record) !== null) return 'held';
  return silences.askedAt !== null && !isPast(after(silences.askedAt, freshMs), now) ? 'go' : 'ask';
}

/** Whether people may be asked for approval now: an answer of the last minute is fresh enough for a question that wakes nobody. */
export function mayAsk(record: RecoveryRecord): 'go' | 'ask' | 'held' {
  return mayCall(record, LATER_ASK_MS);
}

/** Whether an action of automation must wait: a silence holds, and it would write. What people order goes on. */
export function isSilenced(record: RecoveryRecord, attempt: Attempt, i: number): boolean {
  const plan = attempt.plans[i];
  return attempt.ordered === undefined && plan !== undefined && writes(plan) && silencedBy(record) !== null;
}

/** Whether people are not asked now to approve what automation planned. */
export function isSilencedAsking(record: RecoveryRecord, { ordered }: Attempt): boolean {
  return ordered === undefined && silencedBy(record) !== null;
}

/** Whether a plan changes anything in the cluster. */
export function writes({ changes }: Plan): boolean {
  return changes.some(({ type }) => type !== 'effect');
}

/** The silence is over by its time, or nobody has said for too long that it still holds. */
export function silenceOver({ silences }: RecoveryRecord, clock: Clock): EventBody | null {
  const current = silences?.current ?? null;
  if (silences === undefined || current === null) return null;
  const { id, source } = current;
  if (clock.reached(current.until)) return { kind: 'silence-ended', id, why: 'its time is over' };
  const lost = silences.unread.find((unread) => unread.source === source);
  if (lost === undefined || !clock.passed(silences.heardAt ?? current.since, BELIEVED_MS)) return null;
  return { kind: 'silence-ended', id, why: `nobody can say whether it still holds: ${lost.why}` };
}

/** Whether the routine asks again: once at the start, after a look once a minute at most, and often while something waits for the answer. */
export function isSilenceToBeAsked(record: RecoveryRecord, waits: boolean, clock: Clock): boolean {
  const { silences, recovered, runbook, closing } = record;
  const isOver = closing !== null || (recovered !== null && !waits);
  if (silences === undefined || isOver || isForwarder(record)) return false;
  const { askedAt, current } = silences;
  const isFound = runbook !== null && record.target !== null && record.target.kind !== 'Pod';
  if (askedAt === null) return isFound;
  if (current !== null || waits) {
    const often = !clock.passed(current?.since ?? record.openedAt, OFTEN_FOR_MS);
    if (clock.passed(askedAt, often ? ASK_AGAIN_MS : LATER_ASK_MS)) return true;
  }
  const looked = record.look.at;
  return looked !== null && Date.parse(looked) - Date.parse(askedAt) >= LATER_ASK_MS;
}

/** The events of an answer: what was read, and what is other than before. */
export function silenceEvents(record: RecoveryRecord, read: SilencesRead): EventBody[] {
  const { silence, unread, endedBy, voice } = read;
  const known = record.silences?.current ?? null;
  const isVoiceRead = unread.every(({ source }) => source !== 'annotation');
  const told: EventBody = { kind: 'silences-read', unread, ...(isVoiceRead ? { voice } : {}) };
  if (silence !== null) return isSame(known, silence) ? [told] : [told, { kind: 'silenced', ...silence }];
  if (known === null || unread.some(({ source }) => source === known.source)) return [told];
  const by = endedBy === undefined ? {} : { by: endedBy };
  return [told, { kind: 'silence-ended', id: known.id, ...by, why: 'it was ended before its time' }];
}

/** What an action that was held back tells of silences and of the mode, before that it was. */
export function heldBackEvents(
  { silences }: RecoveryRecord,
  at: { n: number; i: number },
  { why, silence, voice, unread }: HeldBack,
): EventBody[] {
  const isNews = silence !== undefined && !isSame(silences?.current ?? null, silence);
  return [
    ...(isNews ? [{ kind: 'silenced' as const, ...silence }] : []),
    ...(voice === undefined ? [] : [{ kind: 'mode-said' as const, voice }]),
    {
      ...{ kind: 'held-back', ...at, why },
      ...(voice?.mode === 'approve' ? { asks: true as const } : {}),
      ...(unread === true ? { unread } : {}),
    },
  ];
}

/** Whether an action has waited for long enough for what cannot be read: a broken list may not stop what mends. */
export function goesOnUnread({ now }: RecoveryRecord, { unread }: Attempt, i: number): boolean {
  return unread?.i === i && isPast(after(unread.since, UNREAD_MS), now);
}

/** What is asked about a recovery. Of many alerts the first tell enough: a question has its bound too (durability 9). */
export function silencesInput(record: RecoveryRecord): SilencesInput {
  const { runbookName, target, silences } = record;
  const known = silences?.current?.id;
  return {
    runbook: runbookName,
    target,
    alerts: alertLabels(record),
    ...(known === undefined ? {} : { known }),
  };
}

/**
 * The labels of the trigger alerts that fire, as Alertmanager has them; where none fires any more, of those that did: the work goes on
 * for which somebody has silenced them.
 */
export function alertLabels({ alerts }: RecoveryRecord): Record<string, string>[] {
  let room = MOST_LABEL_CHARACTERS;
  const own = Object.values(alerts).filter(({ role, runbook }) => role === 'trigger' && runbook === undefined);
  const firing = own.filter(({ status }) => status === 'firing');
  return (firing.length > 0 ? firing : own)
    .map(({ name, labels }) => ({ alertname: name, ...labels }))
    .filter((labels) => {
      room -= JSON.stringify(labels).length;
      return room > 0;
    });
}

const MOST_LABEL_CHARACTERS = 10_000;

function isSame(known: Silence | null, silence: Silence): boolean {
  return known !== null && known.id === silence.id && known.until === silence.until && known.why === silence.why;
}

/** The silences' part of the fold. */
export function foldSilences(record: RecoveryRecord, event: RecoveryEvent): RecoveryRecord {
  if (event.kind === 'opened') return event.asksSilences === true ? { ...record, silences: noSilences } : record;
  if (event.kind === 'mode-said') return withVoice(record, event.voice);
  const { silences } = record;
  if (silences === undefined) return record;
  const change = (part: Partial<SilenceState>): RecoveryRecord => ({ ...record, silences: { ...silences, ...part } });
  switch (event.kind) {
    case 'silences-read': {
      const silent = event.unread.some(({ source }) => source === silences.current?.source);
      const heard = silent ? {} : { heardAt: event.at };
      const asked = change({ askedAt: event.at, unread: event.unread, ...heard });
      return event.voice === undefined ? asked : withVoice(asked, event.voice);
    }
    case 'silenced': {
      const { id, source, by, why, since, until } = event;
      return change({ current: { id, source, by, why, since, until }, heardAt: event.at });
    }
    case 'silence-ended': {
      const { current } = silences;
      if (current === null || current.id !== event.id) return record;
      const by = event.by === undefined ? {} : { by: event.by };
      return change({ current: null, ended: { silence: current, at: event.at, why: event.why, ...by } });
    }
    case 'page-held':
      return change({ held: { at: event.at, why: event.why } });
    case 'rung-due':
      return change({ held: null });
    case 'recovered':
    case 'relapsed':
      return change({ held: null, ended: null });
    default:
      return record;
  }
}

function withVoice(record: RecoveryRecord, voice: ModeVoice | null): RecoveryRecord {
  if (voice !== null) return { ...record, modeVoice: voice };
  const { modeVoice: _gone, ...rest } = record;
  return rest;
}

/** A silence in one phrase: `silenced by ana until 2026-01-31T05:00:00.000Z (node upgrade)`. */
export function silenceText({ by, until, why, source }: Silence): string {
  const where = source === 'alertmanager' ? ' in Alertmanager' : '';
  return `silenced by ${by}${where} until ${until}${why === '' ? '' : ` (${why})`}`;
}

/** What a page says that was held: since when, by whom, why, and how that ended. */
export function heldText({ silences }: RecoveryRecord): string {
  if (silences?.held == null || silences.ended === null) return '';
  const { silence, by, why } = silences.ended;
  const ended = by === undefined ? why : `ended by ${by}`;
  return `; held since ${silences.held.at}: it was ${silenceText(silence)}, ${ended}`;
}
