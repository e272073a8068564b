import type { Page } from '../../recovery/escalation.ts';
import { indented, oneLine, shortened } from '../../recovery/words.ts';
import { clock } from '../clock.ts';
import { headlineOf } from '../headline.ts';
import { approveCommand, inHand, pointLine, quorumText, takenOverLines, troubleLines } from '../page.ts';
import type { PageMessage } from '../page-message.ts';
import { planExcerpts } from '../plan-excerpt.ts';

/**
 * What a message of a Teams workflow may be: the documented limit is 28 KB, of which Teams' own conversion takes a part
 * (others measured 21 KB to be safe).
 */
const MOST_BYTES = 20 * 1024;
/** One line of a card. */
const LINE = 600;
/** One step of a plan. */
const STEP = 300;
/** The links that a card shows as buttons. */
const MOST_ACTIONS = 5;

type Color = 'attention' | 'good' | 'warning' | 'default';

/** A line of a card. Its text is shown as it is: other than a TextBlock's it is no Markdown, so nothing has to be escaped. */
interface Line {
  type: 'RichTextBlock';
  separator?: true;
  inlines: {
    type: 'TextRun';
    text: string;
    weight?: 'bolder';
    size?: 'medium';
    color?: Color;
    fontType?: 'monospace';
  }[];
}

/** The body of a post to a workflow: an Adaptive Card in the envelope that "Post card in a chat or channel" takes. */
export function envelopeOf(message: PageMessage): string {
  const lines = linesOf(message);
  for (;;) {
    const body = JSON.stringify(envelope(message, lines));
    if (Buffer.byteLength(body) <= MOST_BYTES || lines.length <= 2) return body;
    // What matters stands first: from the end it is left out until it fits.
    lines.splice(-2, 2, line(`… and more: kintsugi show ${message.page.recoveryId}`));
  }
}

function envelope({ page }: PageMessage, body: Line[]): object {
  const actions = page.links
    .slice(0, MOST_ACTIONS)
    .map(({ title, url }) => ({ type: 'Action.OpenUrl', title: shortened(title, 60), url }));
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          msteams: { width: 'Full' },
          body,
          ...(actions.length === 0 ? {} : { actions }),
        },
      },
    ],
  };
}

function linesOf(message: PageMessage): Line[] {
  const { page } = message;
  const [lead = '', ...rest] = headlineOf(message);
  const first = [title(oneLine(lead), colorOf(message)), ...rest.map((text) => line(oneLine(text)))];
  const last = code(`kintsugi show ${page.recoveryId}`);
  switch (message.event) {
    case 'acknowledge':
    case 'answered':
    case 'note':
      return [...first, last];
    case 'resolve':
      return [...first, ...tried(page), ...standing(page), ...section('After the recovery', pointsOf(page)), last];
    case 'approval':
      return [
        ...[...first, ...approvalLines(message), ...found(page), ...tried(page), ...standing(page), ...notes(page)],
        last,
      ];
    case 'trigger':
    case 'update':
      return [...first, ...whole(page), last];
  }
}

function whole(page: Page): Line[] {
  const { contact } = page;
  return [
    line(`Why now: ${oneLine(page.why)}. Deadline ${clock(page.deadline)}, mode ${page.mode}.`),
    ...troubleLines(page).map(line),
    ...(page.acknowledged === undefined ? [] : [line(inHand(page.acknowledged))]),
    ...takenOverLines(page).map(line),
    ...notes(page),
    ...found(page),
    ...tried(page),
    ...standing(page),
    ...(page.person === undefined ? [] : [line(`For a person: ${indented(page.person, 4)}`)]),
    line(`Team: ${page.team}${contact === undefined ? '' : `, ${contact}`}`),
    ...section(
      'Written steps',
      page.steps.map(({ text, found: saw }, index) => `${index + 1}. ${text}: ${saw}`),
    ),
    ...section('Checklist', page.checklist.map(pointLine)),
  ];
}

/** What a diff may take of a card, as JSON: each line is a block of its own. */
const DIFF_BYTES = 7000;

function approvalLines({ page, approval }: Extract<PageMessage, { event: 'approval' }>): Line[] {
  const sizeOf = (text: string) => Buffer.byteLength(JSON.stringify(code(text)));
  const { steps, rest } = planExcerpts(page, approval, { steps: 12, text: DIFF_BYTES, sizeOf });
  return [
    heading(`It would, because ${oneLine(approval.why)}`),
    ...steps.flatMap(({ summary, diff, cut: left }) => [
      line(shortened(summary, STEP)),
      ...diff.map(code),
      ...(left === undefined ? [] : [line(left)]),
    ]),
    ...(rest === undefined ? [] : [line(`${rest.words} ${rest.command}`)]),
    line(`${quorumText(approval)} Until ${clock(approval.expiresAt)}, by:`),
    code(approveCommand(page, approval)),
  ];
}

function notes({ notes: said = [] }: Page): Line[] {
  return section(
    'Notes',
    said.map(({ by, at, text }) => `- ${clock(at)} ${by}: ${text}`),
  );
}

function found(page: Page): Line[] {
  return section(
    'Found',
    page.findings.slice(0, 3).flatMap(({ summary, quotes }) => {
      const quoted = quotes.slice(0, 2).map(({ source, text }) => `    ${source}: ${text}`);
      return [`- ${summary}`, ...quoted];
    }),
  );
}

function tried({ attempts }: Page): Line[] {
  return section(
    'Tried',
    attempts.flatMap(({ remedy, cause, outcome, undone, saw, found: lines = [] }) => [
      `- ${remedy} for ${cause}: ${outcome}${undone ? ', undone' : ''}. ${saw}`,
      ...lines.slice(0, 10).map((text) => `    ${text}`),
    ]),
  );
}

function standing({ holds }: Page): Line[] {
  return section(
    'Stands changed until somebody takes it back',
    holds.map((hold) => `- ${hold}`),
  );
}

function pointsOf({ postRecovery = [] }: Page): string[] {
  return postRecovery.map(pointLine);
}

function section(name: string, texts: string[]): Line[] {
  return texts.length === 0 ? [] : [heading(name), ...texts.map((text) => line(indented(text, 4)))];
}

function heading(text: string): Line {
  return {
    type: 'RichTextBlock',
    separator: true,
    inlines: [{ type: 'TextRun', text: shortened(text, LINE), weight: 'bolder' }],
  };
}

function title(text: string, color: Color): Line {
  const run = { type: 'TextRun', text: shortened(text, LINE), weight: 'bolder', size: 'medium', color } as const;
  return { type: 'RichTextBlock', inlines: [run] };
}

function line(text: string): Line {
  return { type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: shortened(text, LINE) }] };
}

function code(text: string): Line {
  return {
    type: 'RichTextBlock',
    inlines: [{ type: 'TextRun', text: shortened(text, 2 * LINE), fontType: 'monospace' }],
  };
}

function colorOf({ event }: PageMessage): Color {
  if (event === 'resolve') return 'good';
  if (event === 'approval' || event === 'update') return 'warning';
  return event === 'trigger' ? 'attention' : 'default';
}
