import type { RecoveryEvent } from '../../src/recovery/events.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';

/** What no course of events may do to the time that an episode gives before people are called. */
export class EpisodeRules {
  /** The relapse that began the present episode, and the look that first saw the target broken. */
  private relapse: { episode: number; seenAt: string } | null = null;

  /** The rules that are broken in the record after an event. */
  broken(event: RecoveryEvent, after: RecoveryRecord): string[] {
    if (event.kind === 'relapsed') this.relapse = { episode: after.episode.number, seenAt: after.look.at ?? event.at };
    return this.earlyDeadline(after);
  }

  /** A relapse counts from no time at which the target was well. */
  private earlyDeadline({ episode }: RecoveryRecord): string[] {
    const { relapse } = this;
    if (relapse?.episode !== episode.number || Date.parse(episode.deadline) >= Date.parse(relapse.seenAt)) return [];
    return ['the deadline of a relapse lies before the look that first saw it'];
  }
}
