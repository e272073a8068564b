import { tellsSinceWhen } from './deadlines.ts';
import { after, DEFAULT_RUNG, milliseconds } from './durations.ts';
import type { RecoveryEvent } from './events.ts';
import { alertKey, withOthersDeadlines } from './other-runbooks.ts';
import type { AlertRecord, Episode, RecoveryRecord } from './record.ts';

/** What alerts do to a record: what is known of each, and from when the deadline counts. */

/** The written rule: if unable to resolve within 15 minutes, escalate. */
export const DEFAULT_DEADLINE_MS = milliseconds(DEFAULT_RUNG);

/** The record with an alert that came, the first time in its status and episode. */
export function foldAlert(record: RecoveryRecord, event: RecoveryEvent & { kind: 'alert-received' }): RecoveryRecord {
  const { fingerprint, name, status, startsAt, role, labels, generatorURL, groupKey, runbook, after: rung } = event;
  const key = alertKey(event);
  const known = record.alerts[key];
  const received: AlertRecord = {
    fingerprint,
    name,
    status,
    startsAt,
    role,
    labels,
    ...(generatorURL === undefined ? {} : { generatorURL }),
    ...(groupKey === undefined ? {} : { groupKey }),
    ...(runbook === undefined ? {} : { runbook }),
    ...(runbook === undefined || rung === undefined ? {} : { after: rung }),
    count: (known?.count ?? 0) + 1,
    receivedAt: event.at,
  };
  const alerts = { ...record.alerts, [key]: received };
  if (runbook !== undefined) {
    const joined = { ...wantLook(record), alerts };
    return {
      ...joined,
      episode: record.recovered === null ? withOthersDeadlines(joined, joined.episode) : joined.episode,
    };
  }
  if (role !== 'trigger' || status !== 'firing') return { ...wantLook(record), alerts };
  return { ...wantLook(record), alerts, startedBy: 'alert', episode: withAlert(record, event) };
}

/** The deadline counts from the earliest trigger alert of the episode; a join never moves it later. */
function withAlert(record: RecoveryRecord, event: RecoveryEvent & { kind: 'alert-received' }): Episode {
  const { episode } = record;
  if (record.recovered !== null) return episode;
  const first = Object.values(record.alerts).every(({ role, runbook }) => role !== 'trigger' || runbook !== undefined);
  const earlier =
    Date.parse(event.startsAt) < Date.parse(episode.brokenSince) && tellsSinceWhen(record, event.startsAt);
  if (!first && !earlier) return episode;
  const brokenSince = earlier ? event.startsAt : episode.brokenSince;
  const rung = record.runbook?.content.spec.escalation.rungs[0]?.after ?? event.after;
  const rungMs = rung === undefined ? DEFAULT_DEADLINE_MS : milliseconds(rung);
  const deadline = after(brokenSince, rungMs + (episode.addedMs ?? 0));
  const sooner = Date.parse(deadline) < Date.parse(episode.deadline);
  const replaces = !episode.deadlineGiven && (sooner || first);
  return { ...episode, brokenSince, deadline: replaces ? deadline : episode.deadline };
}

/** The record with an alert that came again. */
export function foldRepeat(record: RecoveryRecord, key: string, count: number): RecoveryRecord {
  const known = record.alerts[key];
  if (known === undefined) return record;
  return { ...wantLook(record), alerts: { ...record.alerts, [key]: { ...known, count } } };
}

/** While settling, every repeat of an alert is answered by one live look. */
function wantLook(record: RecoveryRecord): RecoveryRecord {
  return record.recovered === null ? record : { ...record, look: { ...record.look, wanted: true } };
}
