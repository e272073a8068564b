import type { KnownBlock } from '@slack/web-api';

/** Slack's limits: a section's text, and the blocks of a message. */
const SECTION = 3000;
const MOST_BLOCKS = 50;
/**
 * All text of a message's blocks together. The documented limit is 40,000 characters, but Slack answers `msg_blocks_too_long`
 * from about 13,000 on (slackapi/bolt-js#2509), and a phone shows no more than this anyway.
 */
const MOST_TEXT = 9000;

/** A part of a message: mrkdwn, already escaped, in lines; or a block as it is. */
export type Part = string | KnownBlock;

/** The blocks of the parts in their order; of the text what exceeds Slack's limits is left out from the end, and `more` says so. */
export function blocksOf(parts: readonly Part[], more: string): KnownBlock[] {
  const blocks: KnownBlock[] = [];
  let left = MOST_TEXT - more.length;
  for (const [index, part] of parts.entries()) {
    if (typeof part !== 'string') {
      blocks.push(part);
      continue;
    }
    for (const text of pieces(part)) {
      if (text.length > left || blocks.length >= MOST_BLOCKS - 2) {
        // Buttons are never among what is left out.
        return [...blocks, section(more), ...parts.slice(index).filter((rest) => typeof rest !== 'string')];
      }
      blocks.push(section(text));
      left -= text.length;
    }
  }
  return blocks;
}

/** A text in pieces that a section takes, cut between lines. A line is never longer than a section takes: parts see to it. */
function pieces(text: string): string[] {
  const found: string[] = [];
  let piece = '';
  for (const line of text.split('\n')) {
    if (piece !== '' && piece.length + 1 + line.length > SECTION) {
      found.push(piece);
      piece = '';
    }
    piece = piece === '' ? line : `${piece}\n${line}`;
  }
  return piece === '' ? found : [...found, piece];
}

function section(text: string): KnownBlock {
  return { type: 'section', text: { type: 'mrkdwn', text } };
}
