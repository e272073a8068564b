import { spanText } from '../../recovery/durations.ts';
import type { RecoveryEvent } from '../../recovery/events.ts';
import { formatTarget } from '../../recovery/ids.ts';
import { standingChanges } from '../../recovery/policy.ts';
import { postRecoveryItems, rootCauseOf } from '../../recovery/post-recovery.ts';
import type { RecoveryRecord } from '../../recovery/record.ts';
import type { Finding } from '../../recovery/values.ts';
import type { RecordAnswer } from '../../workflows/recovery.ts';
import { eventLine } from '../event-line.ts';
import { recoveredBy } from '../sentences.ts';
import { actionItems, openQuestions } from './action-items.ts';
import { attemptsText } from './changes.ts';
import { aside, code, list, NOT_KNOWN, plain, section, table, utc } from './markdown.ts';

/**
 * The draft of a post-mortem from what a recovery recorded, in Markdown, all times in UTC. It says what was seen and done; what
 * was not stands as an open line for people. Pure: the same recovery gives the same text.
 */
export function postMortemDraft({ record, events }: RecordAnswer): string {
  const name = record.target === null ? record.workflowId : formatTarget(record.target);
  const parts = [
    `# Post-mortem: ${plain(record.runbook?.content.metadata.title ?? record.runbookName)}, ${plain(name)}`,
    'A draft from what Kintsugi recorded. All times are UTC. Lines in italics are open: a person fills them in.',
    summary(record, events),
    section('Impact', impact(record)),
    section('Detection', detection(record, events)),
    section('Timeline', timeline(events)),
    section('Cause as it was seen', causes(record.findings ?? [])),
    section('What was tried and changed', attemptsText(record.attempts)),
    section('Changes that stand', standing(record)),
    section('What helped', helped(record)),
    section('Orders and approvals', orders(events)),
    section('Root cause', plain(rootCauseOf(record) ?? '') || NOT_KNOWN),
    ...afterwards(record),
    section('Action items', actionItems(record)),
    section('What is not known', openQuestions(record)),
    section('Links', links(record)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function summary(record: RecoveryRecord, events: readonly RecoveryEvent[]): string {
  const { runbook, closed, recovered, recoveryId } = record;
  const since = brokenSince(record, events);
  const lasted = recovered === null ? '' : ` (${spanText(Date.parse(recovered.at) - Date.parse(since))})`;
  const until = recovered === null ? 'it has not been seen recovered' : `${utc(recovered.at)}${lasted}`;
  const again = record.episode.number === 1 ? [] : [`Broke ${record.episode.number} times within this recovery`];
  return list([
    `Recovery: ${code(recoveryId)}`,
    `Runbook: ${plain(`${record.runbookName}${runbook === null ? '' : `, version ${runbook.version}`}`)}`,
    ...procedureLine(record),
    `Broken: ${utc(since)} to ${until}`,
    ...again,
    `Outcome: ${closed === null ? 'the recovery is still open' : `${closed.outcome}, ${utc(closed.at)}`}`,
  ]);
}

function procedureLine({ procedure }: RecoveryRecord): string[] {
  if (procedure === undefined) return [];
  const end = procedure.ended === null ? '' : `: ${procedure.ended.outcome}, ${procedure.ended.why}`;
  return [`Procedure: ${plain(`${procedure.name ?? 'not loaded yet'}, started by ${procedure.by}${end}`)}`];
}

/** Of the first time of trouble; a relapse has one of its own. */
function brokenSince({ episode }: RecoveryRecord, events: readonly RecoveryEvent[]): string {
  const times = events.flatMap((event) => (event.kind === 'opened' ? [event.brokenSince] : []));
  return (
    [
      ...times,
      ...events.flatMap((event) => (event.kind === 'alert-received' ? [event.startsAt] : [])),
      episode.brokenSince,
    ].toSorted((a, b) => Date.parse(a) - Date.parse(b))[0] ?? episode.brokenSince
  );
}

function impact({ runbook }: RecoveryRecord): string {
  if (runbook === null) return NOT_KNOWN;
  const { symptom, impact: written } = runbook.content.spec;
  const rows = Object.entries(written).map(([who, { level, text }]) => [plain(who), level, plain(text)]);
  return [
    `${plain(symptom)}. As the runbook has it:`,
    table(['On', 'Level', 'What'], rows),
    `Who really noticed, and how much was lost: ${NOT_KNOWN}`,
  ].join('\n\n');
}

function detection(
  { startedBy, actor, judgedStart, reason, pages }: RecoveryRecord,
  events: readonly RecoveryEvent[],
): string {
  const alerts = events.flatMap((event) =>
    event.kind === 'alert-received' && event.status === 'firing'
      ? [`Alert ${plain(event.name)} (${event.role}), firing since ${utc(event.startsAt)}, received ${utc(event.at)}`]
      : [],
  );
  const started =
    startedBy === 'person'
      ? [
          `Started by ${plain(actor ?? 'a person')}${judgedStart?.verified === true ? '' : ' (not verified)'}${aside(reason)}`,
        ]
      : [];
  const paged = pages.flatMap(({ rungs }) =>
    rungs.map(({ dueAt, why, tries }) => {
      const taken = tries.find((attempt) => attempt.taken);
      const by = taken === undefined ? 'nobody took it' : `taken by ${plain(taken.notifier)} ${utc(taken.at)}`;
      return `People paged ${utc(dueAt)}, because ${plain(why)}; ${by}`;
    }),
  );
  return list([...alerts, ...started, ...(paged.length === 0 ? ['Nobody was paged'] : paged)]);
}

function timeline(events: readonly RecoveryEvent[]): string {
  const rows = events.flatMap((event) => {
    const line = eventLine(event);
    return line === null ? [] : [[utc(event.at), plain(line)]];
  });
  const whole = events[0]?.seq === 1;
  const missing = whole
    ? []
    : ['What was before this is in Temporal’s history alone: only the last events are kept at hand.'];
  return [...missing, table(['Time', 'What happened'], rows)].join('\n\n');
}

function causes(findings: readonly Finding[]): string {
  if (findings.length === 0) return NOT_KNOWN;
  return findings
    .map(({ cause, summary: said, root, quotes }) => {
      const only = root ? '' : ' (follows from another)';
      const quoted = quotes.map(({ source, text }) => `\n  - ${plain(source)}: ${code(text)}`).join('');
      return `- **${plain(cause)}**${only}: ${plain(said)}${quoted}`;
    })
    .join('\n');
}

function standing(record: RecoveryRecord): string {
  const changes = record.closed?.standing ?? standingChanges(record);
  return list(changes.map(plain), 'Nothing stands that was not verified.');
}

function helped(record: RecoveryRecord): string {
  const { recovered, attempts } = record;
  if (recovered === null) return NOT_KNOWN;
  const verified = attempts.findLast(({ stage }) => stage === 'verified');
  if (verified === undefined)
    return `The target was seen healthy ${recoveredBy[recovered.by]}. What made it so: ${NOT_KNOWN}`;
  const what = verified.plans.map(({ summary: said }) => plain(said)).join(', then ');
  return `Attempt ${verified.n}, ${plain(verified.remedy)}: ${what}. The target verified healthy after it.`;
}

function orders(events: readonly RecoveryEvent[]): string {
  const rows = events.flatMap((event) => {
    if (event.kind !== 'order') return [];
    const who = `${plain(event.actor)}${event.verified ? '' : ' (not verified)'}`;
    const said = typeof event.args.reason === 'string' ? plain(event.args.reason) : '';
    const attempt = typeof event.args.n === 'number' ? ` attempt ${event.args.n}` : '';
    const answer = event.accepted ? 'taken' : `refused${aside(event.reason)}`;
    return [[utc(event.at), who, `${event.name}${attempt}`, said, answer]];
  });
  return rows.length === 0 ? 'None.' : table(['Time', 'Who', 'Order', 'Reason', 'Answer'], rows);
}

function afterwards(record: RecoveryRecord): string[] {
  // The draft is this very text.
  const items = postRecoveryItems(record).filter(({ id }) => id !== 'post-mortem');
  if (items.length === 0) return [];
  const lines = items.map(
    ({ text, state, saw }) => `[${state === 'done' ? 'x' : ' '}] ${plain(text)}: ${state}, ${plain(saw)}`,
  );
  return [section('After the recovery', list(lines))];
}

function links({ runbook, alerts, diagnosis }: RecoveryRecord): string {
  const written = (runbook?.content.spec.links ?? []).map(({ title, url }) => `[${plain(title)}](<${url}>)`);
  const sources = [...new Set(Object.values(alerts).flatMap(({ generatorURL }) => generatorURL ?? []))];
  const evidence =
    diagnosis === null
      ? []
      : [`Evidence of the last diagnosis: ${code(`kintsugi artifact get ${diagnosis.evidence.sha256}`)}`];
  return list([...sources.map((url) => `[The alert’s expression](<${url}>)`), ...evidence, ...written], 'None.');
}
