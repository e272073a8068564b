import { after } from '../../src/recovery/durations.ts';
import type { EventBody, RecoveryEvent } from '../../src/recovery/events.ts';
import { fold } from '../../src/recovery/fold.ts';
import { openPage } from '../../src/recovery/fold-pages.ts';
import { effectiveMode } from '../../src/recovery/policy.ts';
import { emptyRecord, type RecoveryRecord } from '../../src/recovery/record.ts';
import { goesOnUnread, heldBackEvents, silencedBy, silenceEvents, writes } from '../../src/recovery/silences.ts';
import type { PeopleStep, TargetStep } from '../../src/recovery/steps.ts';
import { isInHand } from '../../src/recovery/take-over.ts';
import type { Mode, ModeVoice, Silence, Unread } from '../../src/recovery/values.ts';

/** What people say of the target besides orders: silences, and its annotation, as they really stand while the simulation goes on. */
export class SilenceWorld {
  private silence: Silence | null = null;
  private voice: ModeVoice | null = null;
  private made = 0;
  private readonly chance: Chance;

  constructor(chance: Chance) {
    this.chance = chance;
  }

  /** A person sets, renews or ends a silence, or annotates the target. Returns what was done, to be counted. */
  change(now: number): string {
    const { chance } = this;
    if (chance.oneIn(3)) {
      const mode = chance.pick<Mode | null>(['observe', 'approve', 'auto', null]);
      this.annotate(mode);
      return `annotation ${mode}`;
    }
    if (this.silence !== null && chance.oneIn(2)) {
      this.silence = null;
      return 'silence ended by a person';
    }
    this.made += 1;
    const since = new Date(now).toISOString();
    const until = after(since, chance.between(30_000, 2 * 3_600_000));
    const source = chance.pick(['kintsugi', 'kintsugi', 'alertmanager'] as const);
    this.silence = { id: `s${this.made}`, source, by: 'ana', why: 'node upgrade', since, until };
    return 'silence set';
  }

  private annotate(mode: Mode | null): void {
    this.voice = mode === null ? null : { mode, source: 'Deployment bruno/agent-bruno' };
  }

  /** The answer to a recovery that asks; now and then a source gives none. */
  read(record: RecoveryRecord, now: number): EventBody[] {
    const unread = this.silentSources();
    const standing = this.holds(now);
    const silence = standing !== null && unread.every(({ source }) => source !== standing.source) ? standing : null;
    const voice = this.chance.isCalm() ? null : this.voice;
    return silenceEvents(record, { silence, unread, voice });
  }

  /** An action that was about to write sees it before the recovery does. */
  heldBack(record: RecoveryRecord, n: number, i: number): EventBody[] | null {
    if (!this.chance.isCalm() && this.chance.oneIn(6)) this.annotate(this.chance.pick(['observe', 'approve'] as const));
    const silence = this.holds(Date.parse(record.now));
    const attempt = record.attempts.find((candidate) => candidate.n === n);
    const waits = attempt !== undefined && !goesOnUnread(record, attempt, i);
    if (waits && !this.chance.isCalm() && (this.chance.oneIn(8) || (attempt.unread && this.chance.oneIn(2))))
      return heldBackEvents(record, { n, i }, { outcome: 'held-back', why: 'it cannot be read', unread: true });
    if (attempt?.unread?.i === i && !waits) this.chance.count('a write that waited for what cannot be read');
    if (silence !== null && attempt?.ordered === undefined)
      return heldBackEvents(record, { n, i }, { outcome: 'held-back', why: 'silenced', silence });
    const asks = this.voice?.mode === 'approve' && attempt?.ordered === undefined && attempt?.approval === null;
    if (this.voice === null || this.chance.isCalm() || !(asks || this.voice.mode === 'observe')) return null;
    return heldBackEvents(record, { n, i }, { outcome: 'held-back', why: 'its mode', voice: this.voice });
  }

  private holds(now: number): Silence | null {
    return this.silence !== null && Date.parse(this.silence.until) > now ? this.silence : null;
  }

  private silentSources(): Unread[] {
    const sources = ['kintsugi', 'alertmanager', 'annotation'] as const;
    if (this.chance.isCalm()) return [];
    return sources.filter(() => this.chance.oneIn(10)).map((source) => ({ source, why: 'no answer' }));
  }
}

/** What the simulation draws. */
interface Chance {
  oneIn(n: number): boolean;
  between(low: number, high: number): number;
  pick<T>(options: readonly T[]): T;
  isCalm(): boolean;
  count(what: string): void;
}

/** What must have been reached of silences and the annotation for the rules to mean something. */
export function silenceReach(record: RecoveryRecord, step: TargetStep | PeopleStep): string[] {
  const { name } = step;
  const silent = silencedBy(record) !== null;
  if (name === 'page' && openPage(record)?.rungs[0]?.why.includes('; held since ')) return ['a held page went out'];
  if (name === 'assess' && effectiveMode(record) === 'observe') return ['assess of what observe stopped'];
  if (name === 'assess' && silent) return ['assess of what a silence stopped'];
  if (name === 'undo' && silent) return ['undo under a silence'];
  return name === 'apply' && silent ? ['an ordered write under a silence'] : [];
}

/** Rules of silences that the begin of a step breaks. */
export function brokenSilence(record: RecoveryRecord, step: TargetStep | PeopleStep): string[] {
  if (step.name === 'page' && record.silences?.held != null && openPage(record) === null)
    return ['a held page was sent'];
  if (step.name === 'ask' || step.name === 'apply') {
    const attempt = record.attempts.find(({ n }) => n === step.n);
    const plan = step.name === 'apply' ? attempt?.plans[step.i] : undefined;
    const silent = silencedBy(record) !== null && attempt?.ordered === undefined;
    if (step.name === 'ask') return silent ? ['people were asked for approval under a silence'] : [];
    if (silent && plan !== undefined && writes(plan)) return ['a write under a silence'];
    return effectiveMode(record) === 'observe' ? ['a write in the mode observe'] : [];
  }
  return [];
}

const CALM_DOWN_MS = 10_000;

/**
 * What a page came to that was held over the deadline: it goes out at once when the silence is over, unless the target is well, or
 * a person has it in hand or ends the recovery.
 */
export function lostPages(events: RecoveryEvent[]): string[] {
  let record = emptyRecord;
  return events.flatMap((event, index) => {
    record = fold(record, event);
    const { silences, episode, look, closing, closed, recovered } = record;
    const isDue = silences?.held != null && episode.deadlinePassed && look.healthy !== true && !isInHand(record);
    if (!isDue || recovered !== null) return [];
    if (closed !== null) return closing === null ? [`it ended as ${closed.outcome} with a page that was held`] : [];
    if (event.kind !== 'silence-ended') return [];
    const next = events.slice(index + 1).find(endsHolding);
    const late = Date.parse(next?.at ?? '9999-01-01T00:00:00Z') - Date.parse(event.at);
    return late <= CALM_DOWN_MS ? [] : [`the page came ${late} ms after the silence that ended at ${event.at}`];
  });
}

const ENDS_HOLDING: ReadonlySet<string> = new Set(['rung-due', 'recovered', 'relapsed', 'closed', 'silenced']);

function endsHolding(event: RecoveryEvent): boolean {
  if (event.kind === 'order') return event.accepted && ['takeOver', 'close', 'cancel'].includes(event.name);
  if (event.kind === 'watched' || event.kind === 'diagnosed') return event.healthy;
  return ENDS_HOLDING.has(event.kind);
}
