import type { KnownBlock } from '@slack/web-api';
import type { ApprovalAnswer, ApprovalRequest, Page } from '../../recovery/escalation.ts';
import { indented, oneLine, shortened } from '../../recovery/words.ts';
import { clock } from '../clock.ts';
import { headlineOf } from '../headline.ts';
import { lineOf } from '../line.ts';
import { approveCommand, inHand, quorumText, takenOverLines, troubleLines } from '../page.ts';
import type { PageMessage } from '../page-message.ts';
import { planExcerpts } from '../plan-excerpt.ts';
import { blocksOf, type Part } from './blocks.ts';
import { approvalButtons, pageButtons } from './buttons.ts';
import { code, codeBlock, escaped, link } from './text.ts';

/** What Slack is sent: the blocks, and the first line as text for the notification on a phone. */
export interface SlackMessage {
  text: string;
  blocks: KnownBlock[];
}

/** What a page's message shows besides the page. */
export interface PageView {
  /** Whether buttons lead anywhere: Slack's signing secret is set. */
  buttons: boolean;
}

/** One line of others in a list. */
const LINE = 600;
/** The first line as a notification shows it. */
const TEXT = 2000;
const PATCH = 1500;
/** One step of a plan. */
const STEP = 300;

/** The page as it stands now: what a person who is woken up reads, and what is edited while it goes on. */
export function pageMessage(page: Page, { buttons }: PageView): SlackMessage {
  const { acknowledged } = page;
  const message: PageMessage = { event: 'trigger', page };
  return {
    text: textOf(message),
    blocks: blocksOf(
      [
        firstPart(
          acknowledged === undefined && page.takenOver === undefined ? ':red_circle:' : ':large_yellow_circle:',
          message,
        ),
        ...(acknowledged === undefined ? [] : [`*${escaped(inHand(acknowledged), LINE)}*`]),
        ...takenOver(page),
        ...(buttons ? pageButtons(page) : []),
        ...notes(page),
        `*Why now* ${escaped(oneLine(page.why), LINE)}. Deadline ${escaped(clock(page.deadline))}, mode ${page.mode}.`,
        ...troubleLines(page).map((line) => escaped(line, LINE)),
        ...findings(page),
        ...attempts(page.attempts),
        ...standing(page),
        ...person(page),
        footer(page),
      ],
      more(page),
    ),
  };
}

/** What calls people at a later rung: the page's first lines, why now, and where the page is. The buttons stay there. */
export function callMessage(page: Page, address: string | null): SlackMessage {
  const message: PageMessage = { event: 'trigger', page };
  const where = address === null ? '' : ` ${link('the page', address)} ·`;
  return {
    text: textOf(message),
    blocks: blocksOf(
      [
        firstPart(':rotating_light:', message),
        `*Why now* ${escaped(oneLine(page.why), LINE)}.`,
        `It stands above, with what was found and done:${where} ${code(`kintsugi show ${page.recoveryId}`, 1000)}`,
      ],
      more(page),
    ),
  };
}

/** What the message becomes when the page is resolved: nothing is left to press. */
export function resolvedMessage(page: Page, reason: string): SlackMessage {
  const message: PageMessage = { event: 'resolve', page, reason };
  const since = `Was broken since ${escaped(clock(page.brokenSince))}: ${escaped(oneLine(page.symptom), LINE)}.`;
  return {
    text: textOf(message),
    blocks: blocksOf(
      [firstPart(':white_check_mark:', message), since, ...attempts(page.attempts), ...standing(page), footer(page)],
      more(page),
    ),
  };
}

/** Whether there is anything to say of the written steps yet: before the diagnosis there is not. */
export function hasSteps({ steps, checklist }: Page): boolean {
  return steps.length > 0 || checklist.length > 0;
}

/** The answer in the thread to a page: the written steps done by machine, the checklist, what prevents it. */
export function stepsMessage(page: Page): SlackMessage {
  const steps = page.steps.map(({ text, found }, index) => `${index + 1}. ${pointed(text, found)}`);
  const checklist = page.checklist.map(({ state, text, saw }) => `${MARKS[state]} ${pointed(text, saw)}`);
  const prevention = page.prevention.map((point) => `• ${escaped(point, LINE)}`);
  const parts = [
    ...titled('Written steps', steps),
    ...titled('Checklist', checklist),
    ...titled('To prevent it', prevention),
  ];
  return { text: `Written steps for ${escaped(page.title, LINE)}`, blocks: blocksOf(parts, more(page)) };
}

/** The answer in the thread to news: what stands, what was tried last, and what was noted last. The page's message itself says everything. */
export function updateMessage(page: Page): SlackMessage {
  const change = escaped(oneLine(headlineOf({ event: 'update', page }).at(-1) ?? ''), LINE);
  const parts = [
    `:arrows_counterclockwise: *Update* ${change}`,
    ...attempts(page.attempts.slice(-1)),
    ...notes({ notes: page.notes?.slice(-1) }),
  ];
  return { text: `Update: ${change}`, blocks: blocksOf(parts, more(page)) };
}

/** The answer in the thread to a resolution: why, and what is left to look at. */
export function resolutionMessage(page: Page, reason: string): SlackMessage {
  const message: PageMessage = { event: 'resolve', page, reason };
  const points = (page.postRecovery ?? []).map(({ state, text, saw }) => `${MARKS[state]} ${pointed(text, saw)}`);
  const parts = [firstPart(':white_check_mark:', message), ...standing(page), ...titled('After the recovery', points)];
  return { text: textOf(message), blocks: blocksOf(parts, more(page)) };
}

/** The question whether plans may be carried out, with its answers. */
export function approvalMessage(page: Page, approval: ApprovalRequest, { buttons }: PageView): SlackMessage {
  const message: PageMessage = { event: 'approval', page, approval };
  const until = `${escaped(quorumText(approval), LINE)} Until ${escaped(clock(approval.expiresAt))}`;
  const parts: Part[] = [
    firstPart(':raised_hand:', message),
    `*It would, because ${escaped(oneLine(approval.why), LINE)}*`,
    ...planParts(page, approval),
    ...(buttons ? [approvalButtons(page, approval)] : []),
    `${until}, ${buttons ? 'here or by' : 'by'}\n${codeBlock(approveCommand(page, approval), 1500)}`,
    ...findings(page),
    ...attempts(page.attempts),
    ...standing(page),
    ...notes(page),
    footer(page),
  ];
  return { text: textOf(message), blocks: blocksOf(parts, more(page)) };
}

const ANSWERS = {
  approved: ':white_check_mark:',
  rejected: ':no_entry:',
  expired: ':hourglass:',
  overtaken: ':heavy_minus_sign:',
} as const;

/** What a question becomes when it is answered: who answered what, and nothing left to press. */
export function answeredMessage(page: Page, approval: ApprovalRequest, answer: ApprovalAnswer): SlackMessage {
  const message: PageMessage = { event: 'answered', page, approval, answer };
  const parts = [
    firstPart(ANSWERS[answer.outcome], message),
    `At ${escaped(clock(answer.at))}. It was asked because ${escaped(oneLine(approval.why), LINE)}:`,
    planLines(approval),
    footer(page),
  ];
  return { text: textOf(message), blocks: blocksOf(parts, more(page)) };
}

function planLines({ plans }: ApprovalRequest): string {
  return plans
    .map(({ summary, risk }, index) => `${index + 1}. ${escaped(oneLine(summary), LINE)} (risk ${risk})`)
    .join('\n');
}

/**
 * What people approve is what they see: each step with its diff. All of it leaves room in a message for the answers, and a step for
 * itself in a section.
 */
function planParts(page: Page, approval: ApprovalRequest): string[] {
  const sizeOf = (line: string) => escaped(line, LINE).length + 1;
  const { steps, rest } = planExcerpts(page, approval, { steps: 12, text: 2000, sizeOf });
  const texts = steps.map(({ summary, diff, cut }) => {
    const lines = diff.map((line) => shortened(line, LINE)).join('\n');
    const block = lines === '' ? [] : [codeBlock(lines, 2300)];
    return [escaped(summary, STEP), ...block, ...(cut === undefined ? [] : [cut])].join('\n');
  });
  return rest === undefined ? texts : [...texts, `${rest.words} ${code(rest.command, 1000)}`];
}

/** Who has it now, or news that wake nobody: one line. */
export function lineMessage(message: Extract<PageMessage, { event: 'acknowledge' | 'note' }>): SlackMessage {
  const text = textOf(message);
  return { text, blocks: blocksOf([text], more(message.page)) };
}

const MARKS = {
  done: ':white_check_mark:',
  found: ':warning:',
  'not-possible': ':heavy_minus_sign:',
  open: ':white_square:',
};

function textOf(message: PageMessage): string {
  return escaped(lineOf(message, TEXT), TEXT);
}

/** The first line in parts of their own, so that a phone shows the first words of each: what, the impact, what was changed. */
function firstPart(icon: string, message: PageMessage): string {
  const [lead = '', ...rest] = headlineOf(message);
  return [`${icon} *${escaped(oneLine(lead), LINE)}*`, ...rest.map((line) => escaped(oneLine(line), LINE))].join('\n');
}

function findings(page: Page): string[] {
  return titled(
    'Found',
    page.findings
      .slice(0, 3)
      .flatMap(({ summary, quotes }) => [
        `• ${escaped(summary, LINE)}`,
        ...quotes.slice(0, 2).map(({ source, text }) => `   ${escaped(source, 150)}: ${code(text)}`),
      ]),
  );
}

function attempts(tried: Page['attempts']): string[] {
  return titled(
    'Tried',
    tried.flatMap(({ remedy, cause, outcome, undone, saw, found = [] }) => [
      `• ${escaped(`${remedy} for ${cause}: ${outcome}${undone ? ', undone' : ''}. ${saw}`, LINE)}`,
      ...found.slice(0, 10).map((line) => `   ${code(line)}`),
    ]),
  );
}

function notes({ notes: said = [] }: { notes?: Page['notes'] }): string[] {
  return titled(
    'Notes',
    said.map(({ by, at, text }) => `• ${escaped(`${clock(at)} ${by}: ${text}`, LINE)}`),
  );
}

function takenOver(page: Page): string[] {
  const [first, ...rest] = takenOverLines(page).map((line) => escaped(line, LINE));
  return first === undefined ? [] : [[`*${first}*`, ...rest].join('\n')];
}

function standing(page: Page): string[] {
  const holds = titled(
    'Stands changed until somebody takes it back',
    page.holds.map((hold) => `• ${escaped(hold, LINE)}`),
  );
  return page.patch === undefined ? holds : [...holds, `*To commit in Git*\n${codeBlock(page.patch, PATCH)}`];
}

function person({ person: todo, team, contact }: Page): string[] {
  const who = `*Team* ${escaped(team, LINE)}${contact === undefined ? '' : `, ${escaped(contact, LINE)}`}`;
  return [todo === undefined ? who : `*For a person* ${indented(escaped(todo, LINE), 4)}\n${who}`];
}

function footer(page: Page): string {
  const links = page.links.slice(0, 10).map(({ title, url }) => link(title, url));
  return [...links, code(`kintsugi show ${page.recoveryId}`, 1000)].join(' · ');
}

function more(page: Page): string {
  return `… and more: ${code(`kintsugi show ${page.recoveryId}`, 1000)}`;
}

function pointed(text: string, saw: string): string {
  return `${escaped(text, LINE)}: ${escaped(saw, LINE)}`;
}

function titled(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : [[`*${title}*`, ...lines.map((line) => indented(line, 4))].join('\n')];
}
