import { z } from 'zod';
import type { Acknowledgement, ApprovalAnswer, ApprovalRequest, Page } from '../recovery/escalation.ts';
import { planDiff } from '../recovery/plan-diff.ts';
import type { Finding, Json, PostRecoveryItem } from '../recovery/values.ts';
import { indented, oneLine } from '../recovery/words.ts';

/** One message to people: a page, its update, its resolution, or an approval that is asked for. */
export type PageMessage =
  | { event: 'trigger' | 'update'; page: Page }
  | { event: 'resolve'; page: Page; reason: string }
  | { event: 'acknowledge'; page: Page; by: string }
  | { event: 'note'; page: Page; note: string }
  | { event: 'approval'; page: Page; approval: ApprovalRequest }
  | { event: 'answered'; page: Page; approval: ApprovalRequest; answer: ApprovalAnswer };

/** A message that tells all of the page. */
type Told = Exclude<PageMessage, { event: 'resolve' | 'acknowledge' | 'note' | 'answered' }>;

/** The webhook's body (contracts.md, "Page webhook"). `text` is the same for a phone; `messageKey` tells a repeat. */
export function webhookBody(message: PageMessage, messageKey: string): { [key: string]: unknown } {
  const { page } = message;
  return {
    v: 1,
    event: message.event,
    messageKey,
    ...page,
    ...(message.event === 'resolve' ? { reason: message.reason } : {}),
    ...(message.event === 'acknowledge' ? { acknowledgedBy: message.by } : {}),
    ...(message.event === 'approval'
      ? { approval: message.approval, approveCommand: approveCommand(page, message.approval) }
      : {}),
    ...(message.event === 'answered' ? { approval: message.approval, answer: message.answer } : {}),
    text: plainText(message),
  };
}

function firstLine(message: PageMessage): string {
  return oneLine(headlineOf(message).join(' '));
}

/** Whether a message is one sentence, and tells nothing else of the page. */
function isOneLine(
  message: PageMessage,
): message is Extract<PageMessage, { event: 'note' | 'acknowledge' | 'answered' }> {
  return message.event === 'note' || message.event === 'acknowledge' || message.event === 'answered';
}

/** The line that a person types to approve exactly these plans. */
export function approveCommand(page: Page, approval: ApprovalRequest): string {
  return `kintsugi approve ${page.recoveryId} --attempt ${approval.n} --digest ${approval.digest} --actor YOU --reason "WHY"`;
}

/**
 * The page as plain text. Its first line is all that a phone may show: what is broken since when, its impact, and what was
 * changed or undone.
 */
export function plainText(message: PageMessage): string {
  const { page } = message;
  if (isOneLine(message)) return firstLine(message);
  const tried = section(
    'Tried',
    page.attempts.flatMap(({ remedy, cause, outcome, undone, saw, found = [] }) => [
      `- ${remedy} for ${cause}: ${outcome}${undone ? ', undone' : ''}. ${saw}`,
      ...found.map((line) => `    ${line}`),
    ]),
  );
  const standing = section(
    'Stands changed until somebody takes it back',
    page.holds.map((hold) => `- ${hold}`),
  );
  const patch = section('To commit in Git', page.patch === undefined ? [] : page.patch.split('\n'));
  const links = section(
    'Links',
    page.links.map((link) => `- ${link.title}: ${link.url}`),
  );
  if (message.event === 'resolve') {
    const afterwards = section('After the recovery', (page.postRecovery ?? []).map(pointLine));
    return paragraphs([[firstLine(message)], tried, standing, patch, afterwards, links]);
  }
  return paragraphs([
    [firstLine(message)],
    message.event === 'approval' ? approvalLines(page, message.approval) : [],
    takenOverLines(page),
    [`Why now: ${oneLine(page.why)}. Deadline ${clock(page.deadline)}, mode ${page.mode}.`],
    troubleLines(page),
    page.acknowledged === undefined ? [] : [inHand(page.acknowledged)],
    section(`Broken since ${clock(page.brokenSince)}. Impact`, impactLines(page.impact)),
    section(
      'Notes',
      (page.notes ?? []).map(({ by, at, text }) => `- ${clock(at)} ${by}: ${text}`),
    ),
    section('Found', page.findings.slice(0, 3).flatMap(findingLines)),
    tried,
    standing,
    patch,
    section(
      'Written steps',
      page.steps.map((step, index) => `${index + 1}. ${step.text}: ${step.found}`),
    ),
    page.person === undefined ? [] : [`For a person: ${indented(page.person, 4)}`],
    section('Checklist', page.checklist.map(pointLine)),
    section(
      'To prevent it',
      page.prevention.map((point) => `- ${point}`),
    ),
    [`Team: ${page.team}${page.contact === undefined ? '' : `, ${page.contact}`}`],
    links,
    [`Recovery: kintsugi show ${page.recoveryId}`],
  ]);
}

/** Who has the page; a name that nobody has checked is said to be one. */
export function inHand({ by, at, verified }: Acknowledgement): string {
  return `In the hands of ${oneLine(by)}${verified ? '' : ' (unverified)'} since ${clock(at)}: it climbs no further.`;
}

/** What could not be read, or was not looked at yet: the page would seem to know what it does not say. */
export function troubleLines({ trouble }: Page): string[] {
  return trouble === undefined ? [] : [`Trouble: ${oneLine(trouble)}`];
}

/** Who has the recovery, why, and what automation put back for it. */
export function takenOverLines({ takenOver }: Page): string[] {
  if (takenOver === undefined) return [];
  const { by, at, reason, putBack } = takenOver;
  const why = reason === undefined ? '' : ` (${oneLine(reason)})`;
  return [
    `Taken over by ${oneLine(by)} at ${clock(at)}${why}: nothing is written until it is handed back.`,
    ...putBack,
  ];
}

const MARKS = { done: '[x]', found: '[!]', 'not-possible': '[-]', open: '[ ]' } as const;

/** A point of a list, with what the machine saw of it. */
export function pointLine({ state, text, saw }: PostRecoveryItem): string {
  return `${MARKS[state]} ${text}: ${saw}`;
}

function section(title: string, items: string[]): string[] {
  return items.length === 0 ? [] : [title, ...items.map((item) => indented(item, 4))];
}

function paragraphs(parts: string[][]): string {
  return parts
    .filter((part) => part.length > 0)
    .map((part) => part.join('\n'))
    .join('\n\n');
}

/**
 * The first line in its parts: what is lost, what is broken since when, the impact, what was changed or undone. A phone may show
 * no more than that.
 */
export function headlineOf(message: PageMessage): string[] {
  const { page } = message;
  switch (message.event) {
    case 'resolve':
      return [`RESOLVED ${where(page)}: ${message.reason}`];
    case 'acknowledge':
      return [`ACKNOWLEDGED by ${message.by}: ${where(page)}, ${page.symptom}`];
    case 'answered':
      return [`${answerText(message.answer)}: ${message.approval.remedy} of ${where(page)}`];
    case 'note':
      return [message.note];
    default:
      return [...dataLossOf(message), ...stateOf(message), changeText(page)].filter((part) => part !== '');
  }
}

/** A part of the first line in brief; `share`: how much of the line it has at least, where all are too long. */
export interface BriefPart {
  text: string;
  share: number;
}

/**
 * The first line where there is room for little: what is lost, what is broken since when, the impact in a word, what stands changed
 * and was undone. The symptom has what is left.
 */
export function briefHeadlineOf(message: PageMessage): BriefPart[] {
  if (message.event === 'resolve' || isOneLine(message)) return [{ text: headlineOf(message).join(' '), share: 1 }];
  const { page } = message;
  const { broken, symptom } = brokenText(message);
  return [
    ...dataLossOf(message).map((text) => ({ text, share: 0.08 })),
    { text: `${broken}.`, share: 0.25 },
    ...(symptom === undefined ? [] : impactWords(page.impact)).map((text) => ({ text, share: 0.16 })),
    ...changeTexts(page).map((text) => ({ text: `${text}.`, share: 0.16 })),
    ...(symptom === undefined ? [] : [{ text: symptom, share: 0 }]),
  ];
}

const OUTCOMES = {
  approved: 'APPROVED',
  rejected: 'REJECTED',
  expired: 'EXPIRED',
  overtaken: 'NOT ASKED ANY MORE',
} as const;

/** `APPROVED by ana`, `EXPIRED, nobody answered in time`. */
export function answerText({ outcome, why }: ApprovalAnswer): string {
  return `${OUTCOMES[outcome]}${outcome === 'approved' || outcome === 'rejected' ? '' : ','} ${why}`;
}

function stateOf(message: Told): string[] {
  const { broken, symptom } = brokenText(message);
  return symptom === undefined ? [`${broken}.`] : [`${broken}: ${symptom}.`, impactText(message.page.impact)];
}

function brokenText(message: Told): { broken: string; symptom?: string } {
  const { page } = message;
  const { procedure } = page;
  const what = `${kindOf(message)} ${where(page)}`;
  // A target that is well is not called broken because a person wants something of it.
  if (procedure?.isWell === true) return { broken: `${what} is well; ${procedure.by} started ${procedure.name}` };
  // To the minute: a phone shows little, and the page has the second below.
  const since = clock(page.brokenSince).replace(/:\d\d UTC$/, ' UTC');
  return { broken: `${what} broken since ${since}`, symptom: withoutStop(page.symptom) };
}

/** What cannot be had back stands before everything else (safety 14). */
function dataLossOf(message: Told): string[] {
  const { dataLoss } = message.event === 'approval' ? message.approval : message.page;
  return dataLoss.length === 0 ? [] : [`DATA LOSS: ${dataLoss.join('; ')}.`];
}

function kindOf(message: Told): string {
  const severity = message.page.severity.toUpperCase();
  if (message.event === 'approval') return `APPROVAL NEEDED for ${message.approval.remedy} (${severity})`;
  return message.event === 'update' ? `UPDATE (${severity})` : severity;
}

/** The target; before it is known, the title that names the recovery. */
function where(page: Page): string {
  if (page.target.name === '') return page.title;
  return `${page.target.namespace}/${page.target.kind}/${page.target.name}`;
}

/** `2025-10-15 12:03:04 UTC`: people in several time zones read the same page. What is no time stays as it is written. */
export function clock(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.valueOf()) ? time : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

const level = z.object({ level: z.string(), text: z.string() });
const impact = z.object({ user: level, business: level, data: level });

function impactText(value: Json): string {
  const parsed = impact.safeParse(value);
  if (!parsed.success) return '';
  const { user, data } = parsed.data;
  const lost = GRAVE.has(data.level) ? `${data.level.toUpperCase()}, ${withoutStop(data.text)}` : data.level;
  return `Impact: users ${user.level.toUpperCase()}, ${withoutStop(user.text)}; data ${lost}.`;
}

function impactWords(value: Json): string[] {
  const parsed = impact.safeParse(value);
  return parsed.success ? [`Users ${parsed.data.user.level.toUpperCase()}, data ${parsed.data.data.level}.`] : [];
}

/** Levels of which the first line says more than the word. */
const GRAVE: ReadonlySet<string> = new Set(['high', 'severe']);

/** The impact in full, below the first line. */
function impactLines(value: Json): string[] {
  const parsed = impact.safeParse(value);
  if (!parsed.success) return [];
  return Object.entries(parsed.data).map(([on, { level: much, text }]) => `- ${on}, ${much}: ${withoutStop(text)}.`);
}

/** Written sentences end with a full stop or without. */
function withoutStop(text: string): string {
  return text.trim().replace(/\.+$/, '');
}

function changeText(page: Page): string {
  return `${changeTexts(page).join('. ')}.`;
}

function changeTexts(page: Page): string[] {
  const undone = page.attempts.filter((attempt) => attempt.undone).map((attempt) => attempt.remedy);
  const texts = [
    undone.length === 0 ? '' : `Tried and undone: ${undone.join(', ')}`,
    page.holds.length === 0 ? '' : `STANDS CHANGED: ${page.holds.join('; ')}`,
    page.kept === undefined ? '' : `CHANGED EARLIER, ${page.kept.join('; ')}`,
  ].filter((text) => text !== '');
  return texts.length === 0 ? ['Nothing stands changed'] : texts;
}

function findingLines(finding: Finding): string[] {
  const quotes = finding.quotes.slice(0, 2).map((quote) => `    ${quote.source}: ${quote.text}`);
  return [`- ${finding.cause}: ${finding.summary}`, ...quotes];
}

function approvalLines(page: Page, approval: ApprovalRequest): string[] {
  return [
    `It would, because ${approval.why}:`,
    ...approval.plans.flatMap((plan, index) => [
      `${index + 1}. ${plan.summary} (risk ${plan.risk})`,
      ...planDiff(plan).map((line) => `     ${line}`),
    ]),
    `${quorumText(approval)} Approve until ${clock(approval.expiresAt)}:`,
    `  ${approveCommand(page, approval)}`,
  ];
}

/** How many people an approval takes, and who has approved. */
export function quorumText({ quorum, by }: ApprovalRequest): string {
  if (quorum === 1) return 'It takes one person.';
  const given = by.length === 0 ? '' : ` (so far: ${by.join(', ')})`;
  return `It takes ${quorum} different people${given}.`;
}
