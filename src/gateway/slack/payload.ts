import { createHash } from 'node:crypto';
import { z } from 'zod';
import { KintsugiError } from '../../errors.ts';
import { ACTION_PREFIX, type ButtonOrder, type ButtonValue, buttonValue } from '../../notify/slack/buttons.ts';

/** What Slack posts when somebody presses a button of a message, as far as it is needed. */
const blockActions = z.object({
  type: z.literal('block_actions'),
  user: z.object({ id: z.string().min(1), team_id: z.string().optional() }),
  team: z.object({ id: z.string() }).nullish(),
  response_url: z.string().optional(),
  container: z.object({ channel_id: z.string().optional(), message_ts: z.string().optional() }).optional(),
  actions: z
    .array(z.object({ action_id: z.string(), value: z.string().optional(), action_ts: z.string().optional() }))
    .min(1),
});

/** One press of a button of ours. */
export interface Pressed {
  /** Slack's id of the member. */
  user: string;
  /** A member of another workspace, in a channel that both share. */
  isGuest: boolean;
  value: ButtonValue;
  /**
   * The order's own id while nobody knows the member: the same member, button and message give it again, so a press that comes twice
   * is one order. Of a listed person it is another one: what was refused to somebody unknown may be given by that person.
   */
  orderId: string;
  responseUrl?: string;
}

/**
 * The press that a body of Slack's tells of; null for anything that is not of ours, e.g. the press of a link.
 * @throws KintsugiError `invalid` for what Slack never sends
 */
export function pressedIn(body: string): Pressed | null {
  const payload = jsonIn(new URLSearchParams(body).get('payload'));
  const parsed = blockActions.safeParse(payload);
  if (!parsed.success) {
    if (z.object({ type: z.string() }).safeParse(payload).success) return null;
    throw invalid('the payload has no type');
  }
  const { user, team, response_url, container, actions } = parsed.data;
  const action = actions.find(({ action_id }) => action_id.startsWith(ACTION_PREFIX));
  if (action === undefined) return null;
  const value = buttonValue.safeParse(jsonIn(action.value ?? null));
  if (!value.success) throw invalid('the button carries no order');
  const { order, recoveryId, n, digest } = value.data;
  const { channel_id, message_ts } = container ?? {};
  const about = [
    team?.id,
    user.id,
    order,
    recoveryId,
    n,
    digest,
    channel_id,
    message_ts,
    turnOf(order, action.action_ts),
  ];
  return {
    user: user.id,
    isGuest: user.team_id !== undefined && team != null && user.team_id !== team.id,
    value: value.data,
    orderId: orderIdOf(about),
    ...(response_url === undefined ? {} : { responseUrl: response_url }),
  };
}

/** An order's id from all that makes it this one. */
export function orderIdOf(about: readonly unknown[]): string {
  return `slack-${createHash('sha256').update(JSON.stringify(about)).digest('hex')}`;
}

/** What is pressed again within this time is pressed twice. */
const TURN_SECONDS = 30;

/** An approval is of one plan for ever; what a person does with a page may be wanted again by the same button. */
function turnOf(order: ButtonOrder, pressedAt: string | undefined): number | null {
  if (order === 'approve' || order === 'reject') return null;
  return Math.floor(Number(pressedAt ?? 0) / TURN_SECONDS);
}

function jsonIn(text: string | null): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    throw invalid('it is not JSON in a form');
  }
}

function invalid(message: string): KintsugiError {
  return new KintsugiError('invalid', `this is no post of Slack's interactivity: ${message}`, {
    where: 'payload',
    fix: 'only Slack posts here: set this address as the Request URL of its interactivity',
  });
}
