import type { FastifyInstance } from 'fastify';
import { KintsugiError, messageOf } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { readSecret } from '../../notify/secret-file.ts';
import type { GivenOrder, OrderFields } from '../../orders/give-order.ts';
import type { PersonSettings } from '../../orders/people-settings.ts';
import { leastRole, mayAsk } from '../../orders/roles.ts';
import { alertKeysOf } from './alerts.ts';
import { aboutIn, type IncidentOrder, orderFor } from './orders.ts';
import { eventTypeIn, type IncidentEvent, incidentEventIn } from './payload.ts';
import { webhookSignerOf } from './signature.ts';
import type { PagerDutySubscription } from './subscriptions.ts';

export const PAGERDUTY_WEBHOOK = '/api/v1/pagerduty/webhook';

/** What the webhooks of PagerDuty are turned into orders with. */
export interface PagerDutyParts {
  subscriptions: readonly PagerDutySubscription[];
  people: readonly PersonSettings[];
  /** Gives the order; `verified` where a person is known by the configuration. */
  give(
    order: IncidentOrder['order'],
    recoveryId: string,
    fields: OrderFields,
    door: { id: string; verified: boolean },
  ): Promise<GivenOrder>;
  log: Logger;
}

/** What became of an event for one recovery. */
type Result = { recoveryId: string; order: IncidentOrder['order'] } & (
  | { state: GivenOrder['state'] }
  | { state: 'not-taken'; reason: string }
);

/** PagerDuty sends no webhook that is larger. */
const MOST_BYTES = 256 * 1024;
const RETRY_AFTER_SECONDS = 30;

/**
 * The route by which PagerDuty tells what people did with an incident. PagerDuty repeats for two days what is answered with 5xx, and
 * turns a webhook off for a day after three answers of 4xx (https://developer.pagerduty.com/docs/webhooks/webhook-behavior): so what
 * is signed and cannot be taken, ever, is answered with 200 and logged, and only what may pass is asked for again.
 */
export function servePagerDutyWebhook(app: FastifyInstance, parts: PagerDutyParts): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => done(null, body));
    scope.post(PAGERDUTY_WEBHOOK, { bodyLimit: MOST_BYTES }, async ({ headers, body }, reply) => {
      const text = typeof body === 'string' ? body : '';
      const subscription = signerOf(parts, headers['x-pagerduty-signature'], text);
      const event = incidentEventIn(text);
      if (event === null) {
        parts.log.debug({ type: eventTypeIn(text) }, 'an event of PagerDuty is not for us');
        return reply.send({ results: [] });
      }
      try {
        return reply.send({ results: await carryOut(parts, subscription, event) });
      } catch (thrown) {
        if (!(thrown instanceof KintsugiError && thrown.retryable)) throw thrown;
        parts.log.warn({ pagerduty: event.id, error: thrown.message }, 'PagerDuty is asked to say it again');
        return reply.code(503).header('retry-after', RETRY_AFTER_SECONDS).send({ error: thrown.report() });
      }
    });
  });
}

function signerOf(
  { subscriptions }: PagerDutyParts,
  signatures: string | string[] | undefined,
  body: string,
): PagerDutySubscription {
  const secrets = new Map(subscriptions.map((one) => [one.notifier, readSecret(one.webhookSecretFile, one.where)]));
  const signer = webhookSignerOf(Array.isArray(signatures) ? signatures.join(',') : signatures, body, secrets);
  const subscription = subscriptions.find(({ notifier }) => notifier === signer);
  if (subscription === undefined) throw new Error(`no subscription ${signer}`);
  return subscription;
}

async function carryOut(
  parts: PagerDutyParts,
  subscription: PagerDutySubscription,
  event: IncidentEvent,
): Promise<Result[]> {
  const { log } = parts;
  const keys = await keysOf(subscription, event, log);
  const abouts = keys.flatMap((key) => aboutIn(key) ?? []);
  if (abouts.length === 0) log.info({ pagerduty: event, keys }, 'an incident of PagerDuty is of no recovery');
  const results: Result[] = [];
  for (const about of abouts) {
    const { recoveryId } = about;
    const wanted = orderFor(event, about, subscription.notifier);
    const said = { pagerduty: event.id, what: event.what, user: event.user, recoveryId, order: wanted.order };
    try {
      const { state, verified } = await give(parts, event, recoveryId, wanted);
      log.info({ ...said, state, verified }, 'order given in PagerDuty');
      results.push({ recoveryId, order: wanted.order, state });
    } catch (thrown) {
      if (thrown instanceof KintsugiError && thrown.retryable) throw thrown;
      log.warn({ ...said, error: messageOf(thrown) }, 'order in PagerDuty not taken');
      results.push({ recoveryId, order: wanted.order, state: 'not-taken', reason: messageOf(thrown) });
    }
  }
  return results;
}

/** The keys of what the incident is about. Of a service with alerts, and of a note, PagerDuty tells none: its API does. */
async function keysOf({ api }: PagerDutySubscription, { incident }: IncidentEvent, log: Logger): Promise<string[]> {
  if (incident.key !== null) return [incident.key];
  if (api === undefined) {
    log.warn({ incident: incident.id }, "PagerDuty names no key of the incident: set the notifier's apiTokenFile");
    return [];
  }
  try {
    return await alertKeysOf(incident.id, api);
  } catch (thrown) {
    if (!(thrown instanceof KintsugiError) || thrown.retryable) throw thrown;
    log.warn({ incident: incident.id, error: thrown.report() }, "the incident's alerts could not be looked up");
    return [];
  }
}

async function give(
  { people, give: giveOrder }: PagerDutyParts,
  { id, user }: IncidentEvent,
  recoveryId: string,
  { order, fields }: IncidentOrder,
): Promise<GivenOrder> {
  const person = user === null ? undefined : people.find(({ pagerduty }) => pagerduty === user.id);
  if (person !== undefined && !mayAsk(person.role, order)) {
    throw new KintsugiError(
      'forbidden',
      `${person.name} has the role ${person.role}, and ${order} takes ${leastRole(order)}`,
      { where: 'people', fix: 'ask somebody who may' },
    );
  }
  const actor = person?.name ?? (user === null ? 'PagerDuty' : `${user.name} (PagerDuty)`);
  return giveOrder(order, recoveryId, { actor, ...fields }, { id: `pagerduty-${id}`, verified: person !== undefined });
}
