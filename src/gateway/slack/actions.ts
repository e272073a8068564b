import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { KintsugiError, messageOf } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { readSecret } from '../../notify/secret-file.ts';
import type { ButtonOrder } from '../../notify/slack/buttons.ts';
import type { GivenOrder, OrderFields } from '../../orders/give-order.ts';
import type { PersonSettings } from '../../orders/people-settings.ts';
import { leastRole, mayAsk } from '../../orders/roles.ts';
import { tellMember } from './answer.ts';
import type { SlackApp } from './apps.ts';
import { orderIdOf, type Pressed, pressedIn } from './payload.ts';
import { signerOf } from './signature.ts';

export const SLACK_ACTIONS = '/api/v1/slack/actions';

/** What the presses of buttons are turned into orders with. */
export interface SlackParts {
  apps: readonly SlackApp[];
  people: readonly PersonSettings[];
  /** Gives the order; `verified` where a person is known by the configuration. */
  give(
    order: ButtonOrder,
    recoveryId: string,
    fields: OrderFields,
    door: { id: string; verified: boolean },
  ): Promise<GivenOrder>;
  log: Logger;
  clock: () => Date;
}

/** Slack shows a failure after 3 s; what takes longer goes on, and is told by the message's own address. */
const ACKNOWLEDGE_MS = 2000;
/** A message that is sent back with its blocks. */
const MOST_BYTES = 1024 * 1024;

/** The words for what a button has done. */
const DONE: Readonly<Record<ButtonOrder, string>> = {
  approve: 'approved',
  reject: 'rejected',
  acknowledge: 'acknowledged',
  takeOver: 'taken over',
};

/**
 * The route by which Slack tells of a button that was pressed. A link never leads here: it takes Slack's signature, of this
 * moment, over a POST.
 */
export function serveSlackActions(app: FastifyInstance, parts: SlackParts): void {
  const underWay = new Set<Promise<void>>();
  app.addHook('onClose', async () => {
    await Promise.all(underWay);
  });
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => done(null, body));
    scope.post(SLACK_ACTIONS, { bodyLimit: MOST_BYTES }, async ({ headers, body }, reply) => {
      const { notifier, pressed } = readPress(parts, headers, typeof body === 'string' ? body : '');
      if (pressed !== null) {
        const work = carryOut(parts, notifier, pressed).finally(() => underWay.delete(work));
        underWay.add(work);
        // A gateway that dies before this lets Slack say that the press failed; after it, the order is with Temporal.
        await Promise.race([work, sleep(ACKNOWLEDGE_MS, undefined, { ref: false })]);
      }
      return reply.code(200).send();
    });
  });
}

function readPress(
  { apps, clock }: SlackParts,
  headers: Record<string, string | string[] | undefined>,
  body: string,
): { notifier: SlackApp; pressed: Pressed | null } {
  const secrets = new Map(apps.map((one) => [one.notifier, readSecret(one.signingSecretFile, one.where)]));
  const request = {
    signature: single(headers['x-slack-signature']),
    timestamp: single(headers['x-slack-request-timestamp']),
    body,
  };
  const signer = signerOf(request, secrets, clock());
  const notifier = apps.find((one) => one.notifier === signer);
  if (notifier === undefined) throw new Error(`no app ${signer}`);
  return { notifier, pressed: pressedIn(body) };
}

/**
 * Gives the order, and tells the member what became of it; the message with the button is the recovery's to edit. Never throws: the
 * request is answered by then.
 */
async function carryOut(parts: SlackParts, { apiUrl }: SlackApp, pressed: Pressed): Promise<void> {
  const { log } = parts;
  const answering = { apiUrl, log };
  const { user, orderId, value } = pressed;
  const about = { slack: user, order: value.order, recoveryId: value.recoveryId, orderId };
  try {
    const given = await order(parts, pressed);
    const { state, verified } = given;
    log.info({ ...about, state, verified }, 'order given by a button in Slack');
    await tellMember(pressed, takenText(given, value.order), answering);
  } catch (thrown) {
    const reason = thrown instanceof KintsugiError ? `${thrown.message}; ${thrown.fix}` : messageOf(thrown);
    log.warn({ ...about, error: reason }, 'order by a button in Slack not taken');
    await tellMember(pressed, `Not ${DONE[value.order]}: ${reason}`, answering);
  }
}

async function order({ people, give }: SlackParts, { user, isGuest, value, orderId }: Pressed): Promise<GivenOrder> {
  if (isGuest)
    throw forbidden(
      'you are a guest of this channel, from another workspace',
      'a member of this workspace orders here',
    );
  const person = people.find(({ slack }) => slack === user);
  if (person !== undefined && !mayAsk(person.role, value.order)) {
    throw forbidden(
      `${person.name} has the role ${person.role}, and ${value.order} takes ${leastRole(value.order)}`,
      'ask somebody who may',
    );
  }
  const fields: OrderFields = {
    actor: person?.name ?? `slack:${user}`,
    reason: 'a button in Slack',
    ...(value.n === undefined ? {} : { n: value.n }),
    ...(value.digest === undefined ? {} : { digest: value.digest }),
  };
  const id = person === undefined ? orderId : orderIdOf([orderId, person.name]);
  return give(value.order, value.recoveryId, fields, { id, verified: person !== undefined });
}

function takenText({ recoveryId, state, verified, doubt }: GivenOrder, name: ButtonOrder): string {
  if (state === 'kept')
    return `No worker answers now: the order is kept, and ${recoveryId} decides on it when one returns.`;
  const taken = `${sentence(DONE[name])}: ${recoveryId} has taken it.`;
  if (verified) return taken;
  return `${taken} It counts as unverified${doubt === undefined ? '' : `: ${doubt}`}.`;
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

function forbidden(message: string, fix: string): KintsugiError {
  return new KintsugiError('forbidden', message, { where: 'Slack', fix });
}
