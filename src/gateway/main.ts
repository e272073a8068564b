import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Configuration } from '../configuration/configuration.ts';
import { KintsugiError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { type GivenOrder, giveOrder, type OrderFields } from '../orders/give-order.ts';
import type { PersonsOrder } from '../orders/roles.ts';
import { createSigner } from '../orders/sign.ts';
import { type Catalogue, catalogueOf } from '../runbook/catalogue.ts';
import { lazyTemporal } from '../temporal/connect.ts';
import { registerSearchAttributes } from '../temporal/search-attributes.ts';
import { pagerDutySubscriptionsOf } from './pagerduty/subscriptions.ts';
import type { PagerDutyParts } from './pagerduty/webhook.ts';
import { createGateway } from './server.ts';
import { createShelf } from './shelf.ts';
import type { SlackParts } from './slack/actions.ts';
import { slackAppsOf } from './slack/apps.ts';

export interface GatewayOptions {
  /** By default everything that this version and the configuration have. */
  catalogue?: Catalogue;
  log: Logger;
  /** Called if Temporal refuses for good what the gateway needs: the process should say so and end. */
  onFatal(thrown: unknown): void;
}

export interface RunningGateway {
  /** `http://127.0.0.1:8790`: where it listens, with the port that it got if 0 was asked for. */
  url: string;
  /** Lets the requests that came in finish, then ends; safe to call twice. */
  stop(): Promise<void>;
}

const RETRY_MS = 2_000;

/**
 * Starts the gateway. It listens at once, Temporal there or not: until then alerts are answered with 503 and sent again.
 * Throws if its address is taken, its runbooks cannot be read or a setting is missing.
 */
export async function startGateway(
  configuration: Configuration,
  { catalogue = catalogueOf(configuration), log, onFatal }: GatewayOptions,
): Promise<RunningGateway> {
  const clock = () => new Date();
  const temporal = lazyTemporal(configuration.temporal);
  const stopping = new AbortController();
  try {
    const runbooks = await createShelf(configuration.runbooks, catalogue, log, clock);
    const slack = slackParts(configuration, temporal, log, clock);
    const pagerduty = pagerDutyParts(configuration, temporal, log, clock);
    const app = createGateway({ configuration, temporal, runbooks, log, clock, ...slack, ...pagerduty });
    const url = await listen(app, configuration);
    const registering = register(temporal, log, stopping.signal).catch(onFatal);
    log.info(
      { url, temporal: configuration.temporal.address, runbooks: configuration.runbooks },
      'the gateway listens',
    );
    const stop = async () => {
      stopping.abort();
      // Every call must have ended before the connection does: the SDK's retries cannot be called off, and one that finds
      // its channel closed throws where nobody can catch it.
      await Promise.all([app.close(), registering]);
      await temporal.connection.close();
    };
    return { url, stop };
  } catch (thrown) {
    await temporal.connection.close();
    throw thrown;
  }
}

/** The buttons of Slack's messages, where a notifier has some: each press is an order given as any other. */
function slackParts(
  configuration: Configuration,
  client: Client,
  log: Logger,
  clock: () => Date,
): { slack?: SlackParts } {
  const apps = slackAppsOf(configuration.notifiers);
  if (apps.length === 0) return {};
  const give = giverOf(configuration, client, clock);
  return { slack: { apps, people: configuration.people, give, log, clock } };
}

/** PagerDuty repeats what is not answered within 5 s: what no worker takes in this time is kept for one. */
const PAGERDUTY_WAIT_MS = 2_000;

/** The webhooks of PagerDuty, where a notifier has a secret of one: what people do with an incident there is an order. */
function pagerDutyParts(
  configuration: Configuration,
  client: Client,
  log: Logger,
  clock: () => Date,
): { pagerduty?: PagerDutyParts } {
  const subscriptions = pagerDutySubscriptionsOf(configuration.notifiers);
  if (subscriptions.length === 0) return {};
  const give = giverOf(configuration, client, clock, { waitMs: PAGERDUTY_WAIT_MS });
  return { pagerduty: { subscriptions, people: configuration.people, give, log } };
}

/** Gives orders that come by another door than the API, signed where the door has verified who it is. */
function giverOf(configuration: Configuration, client: Client, clock: () => Date, own: { waitMs?: number } = {}) {
  const { orderKey } = configuration;
  const sign = orderKey === undefined ? undefined : createSigner(orderKey, clock);
  return (
    order: PersonsOrder,
    recoveryId: string,
    fields: OrderFields,
    { id, verified }: { id: string; verified: boolean },
  ): Promise<GivenOrder> => {
    const door = verified && sign !== undefined ? { id, sign } : { id };
    return giveOrder({ client, configuration }, recoveryId, order, fields, { ...door, ...own });
  };
}

async function listen(app: ReturnType<typeof createGateway>, { gatewayAddress }: Configuration): Promise<string> {
  try {
    return await app.listen(gatewayAddress);
  } catch (thrown) {
    await app.close();
    const where = `${gatewayAddress.host}:${gatewayAddress.port}`;
    throw new KintsugiError('unavailable', `the gateway cannot listen: ${messageOf(thrown)}`, {
      where,
      fix: 'stop what listens there, or set KINTSUGI_GATEWAY_ADDRESS',
      retryable: false,
      cause: thrown,
    });
  }
}

/** Registers the search attributes as soon as Temporal answers. Throws what cannot be cured by waiting. */
async function register(temporal: Client, log: Logger, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      await registerSearchAttributes(temporal);
      log.info('Temporal answers, its search attributes are registered');
      return;
    } catch (thrown) {
      if (signal.aborted) return;
      if (!(thrown instanceof KintsugiError && thrown.retryable)) throw thrown;
      if (attempt === 1)
        log.warn({ error: thrown.message }, 'Temporal does not answer yet: alerts are sent again until it does');
    }
    await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
  }
}
