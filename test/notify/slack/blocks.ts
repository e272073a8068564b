import { z } from 'zod';

/** Block Kit as Slack documents it, for the blocks that pages use; what breaks it is answered with `invalid_blocks`. */

const plainText = (most: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: z.string().min(1).max(most) });

/** Slack's control characters stand only where they are control characters: a link of ours, a member, or an entity. */
const isEscaped = (text: string): boolean =>
  !/[<>]|&(?!amp;|lt;|gt;)/.test(text.replace(/<(?:https?:[^<>|\s]+\|[^<>|]+|@U[A-Z0-9]+)>/g, ''));

const mrkdwn = (most: number) =>
  z.strictObject({
    type: z.literal('mrkdwn'),
    text: z.string().min(1).max(most).refine(isEscaped, 'control characters that are not escaped'),
  });

const button = z.strictObject({
  type: z.literal('button'),
  text: plainText(75),
  action_id: z.string().min(1).max(255),
  value: z.string().max(2000),
  style: z.enum(['primary', 'danger']).optional(),
  confirm: z
    .strictObject({
      title: plainText(100),
      text: plainText(300),
      confirm: plainText(30),
      deny: plainText(30),
      style: z.enum(['primary', 'danger']).optional(),
    })
    .optional(),
});
export type Button = z.infer<typeof button>;

const block = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('section'), text: mrkdwn(3000) }),
  z.strictObject({
    type: z.literal('actions'),
    elements: z
      .array(button)
      .min(1)
      .max(25)
      .refine((all) => new Set(all.map(({ action_id }) => action_id)).size === all.length, 'an action_id twice'),
  }),
]);
export type Block = z.infer<typeof block>;

export const blocksSchema = z.array(block).min(1).max(50);

/** Measured, not documented (slackapi/bolt-js#2509): from here on Slack answers `msg_blocks_too_long`. */
const MOST_TEXT = 13_000;

export function isTooLong(blocks: Block[]): boolean {
  return blocks.reduce((sum, one) => sum + (one.type === 'section' ? one.text.text.length : 200), 0) > MOST_TEXT;
}

/** All that a person reads in a message, one block after the other. */
export function readBlocks({ blocks }: { blocks: Block[] }): string {
  return blocks
    .map((one) => (one.type === 'section' ? one.text.text : one.elements.map(({ text }) => `[${text.text}]`).join(' ')))
    .join('\n\n');
}

/** The names of the buttons of a message. */
export function buttonsOf({ blocks }: { blocks: Block[] }): Button[] {
  return blocks.flatMap((one) => (one.type === 'actions' ? one.elements : []));
}

/** The button of that name. */
export function buttonNamed(message: { blocks: Block[] }, name: string): Button {
  const found = buttonsOf(message).find(({ text }) => text.text === name);
  if (found === undefined) throw new Error(`no button ${name}`);
  return found;
}
