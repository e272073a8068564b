import type { Button, KnownBlock } from '@slack/web-api';
import { z } from 'zod';
import { isDestructive } from '../../recovery/destructive.ts';
import type { ApprovalRequest, Page } from '../../recovery/escalation.ts';
import { shortened } from '../../recovery/words.ts';

/** The orders that a button gives. */
export const buttonOrders = ['approve', 'reject', 'acknowledge', 'takeOver'] as const;
export type ButtonOrder = (typeof buttonOrders)[number];

/** What a button carries, and the gateway gets back when it is pressed: at most 2000 characters. */
export const buttonValue = z.object({
  v: z.literal(1),
  order: z.enum(buttonOrders),
  recoveryId: z.string().min(1),
  /** The attempt that waits for approval, and the digest of exactly its plans. */
  n: z.number().optional(),
  digest: z.string().optional(),
});
export type ButtonValue = z.infer<typeof buttonValue>;

/** Every action of ours is called so: what else comes to the gateway is not for it. */
export const ACTION_PREFIX = 'kintsugi:';

/** Slack's limits of a confirmation. */
const TITLE = 100;
const TEXT = 300;

/** What a person does with a page as long as nobody has: take it on, or take the whole recovery over. */
export function pageButtons({ recoveryId, acknowledged, takenOver }: Page): KnownBlock[] {
  const text = 'Automation stops after the write that is under way, and writes nothing more until you hand it back.';
  const takeOver: Button = {
    ...button('Take over', { v: 1, order: 'takeOver', recoveryId }),
    confirm: confirmation('Take this recovery over?', text, 'Take over'),
  };
  const acknowledge = button('Acknowledge', { v: 1, order: 'acknowledge', recoveryId });
  const elements = [
    ...(acknowledged === undefined ? [acknowledge] : []),
    ...(takenOver === undefined ? [takeOver] : []),
  ];
  return elements.length === 0 ? [] : [{ type: 'actions', elements }];
}

/** The answers to an approval, each for exactly these plans; approving shows them once more. */
export function approvalButtons(page: Page, approval: ApprovalRequest): KnownBlock {
  const { recoveryId } = page;
  const { n, digest, remedy, dataLoss, plans } = approval;
  const about = { v: 1, recoveryId, n, digest } as const;
  const style = dataLoss.length > 0 || isDestructive(plans) ? 'danger' : 'primary';
  const approve: Button = {
    ...button('Approve', { ...about, order: 'approve' }),
    style: 'primary',
    confirm: { ...confirmation(`Approve ${remedy}?`, planText(approval), 'Approve'), style },
  };
  const reject: Button = {
    ...button('Reject', { ...about, order: 'reject' }),
    confirm: confirmation(`Reject ${remedy}?`, 'It is not done; what else the runbook has is tried.', 'Reject'),
  };
  return { type: 'actions', elements: [approve, reject] };
}

/** What would be done, as a confirmation has room for it: the data that is lost before all else. */
function planText({ dataLoss, plans }: ApprovalRequest): string {
  const lost = dataLoss.length === 0 ? [] : [`DATA LOSS: ${dataLoss.join('; ')}.`];
  return [...lost, ...plans.map(({ summary, risk }) => `${summary} (risk ${risk})`)].join('\n');
}

function button(text: string, value: ButtonValue): Button {
  return {
    type: 'button',
    text: { type: 'plain_text', text },
    action_id: `${ACTION_PREFIX}${value.order}`,
    value: JSON.stringify(value),
  };
}

function confirmation(title: string, text: string, confirm: string) {
  return {
    title: plain(title, TITLE),
    text: plain(text, TEXT),
    confirm: plain(confirm, 30),
    deny: plain('Not now', 30),
  };
}

/** Slack shows plain text as it is, and refuses a message over a text that is too long. */
function plain(text: string, most: number): { type: 'plain_text'; text: string } {
  return { type: 'plain_text', text: shortened(text, most) };
}
