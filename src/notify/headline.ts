import type { ApprovalAnswer, Page } from '../recovery/escalation.ts';
import { clock } from './clock.ts';
import { impactText, impactWords, withoutStop } from './impact.ts';
import { isOneLine, type PageMessage, type Told } from './page-message.ts';

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
