import { answerLine } from '../recovery/answers.ts';
import type { Acknowledgement, ApprovalRequest, Page } from '../recovery/escalation.ts';
import { planDiff } from '../recovery/plan-diff.ts';
import type { Finding, PostRecoveryItem } from '../recovery/values.ts';
import { indented, oneLine } from '../recovery/words.ts';
import { clock } from './clock.ts';
import { headlineOf } from './headline.ts';
import { impactLines } from './impact.ts';
import { isOneLine, type PageMessage } from './page-message.ts';

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

/** The line that a person types to approve exactly these plans. */
export function approveCommand(page: Page, approval: ApprovalRequest): string {
  return `${answerLine('approve', page.recoveryId, approval)} --reason "WHY"`;
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
