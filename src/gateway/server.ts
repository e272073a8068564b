import type { Client } from '@temporalio/client';
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import type { Configuration } from '../configuration/configuration.ts';
import { type ErrorCode, KintsugiError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { createSigner } from '../orders/sign.ts';
import type { StoredRunbook } from '../runbook/load.ts';
import { deliverAlerts } from '../temporal/alerts.ts';
import { checkTemporal } from '../temporal/connect.ts';
import { type AlertPost, postSchema } from './alert.ts';
import { sessionOf } from './api/handlers.ts';
import { type Api, registerApi } from './api/register.ts';
import { requireToken } from './authentication.ts';
import { createCoverageReader } from './coverage.ts';
import { createMetrics, type GatewayMetrics } from './metrics.ts';
import { type PagerDutyParts, servePagerDutyWebhook } from './pagerduty/webhook.ts';
import { type AlertResult, deliverPost } from './receive.ts';
import { routePost } from './routing.ts';
import { type SlackParts, serveSlackActions } from './slack/actions.ts';

/** What the gateway is made from; it never calls Kubernetes. */
export interface GatewayParts {
  configuration: Pick<Configuration, 'cluster' | 'gatewayToken'> &
    Partial<Pick<Configuration, 'temporal' | 'tokens' | 'orderKey'>>;
  temporal: Client;
  /** The runbooks as they are now. */
  runbooks: () => Promise<StoredRunbook[]>;
  /** What takes the buttons of Slack's messages; without it there is no such route. */
  slack?: SlackParts;
  /** What takes the webhooks of PagerDuty; without it there is no such route. */
  pagerduty?: PagerDutyParts;
  log: Logger;
  clock: () => Date;
}

const MOST_BODY_BYTES = 10 * 1024 * 1024;
/** Of a recovery's id in a path, as it is sent. */
const MOST_ID_CHARACTERS = 1_000;
/** A body that takes longer to arrive is cut off. */
const REQUEST_TIMEOUT_MS = 30_000;
const READY_TIMEOUT_MS = 2_000;
/** When a sender should try again; Alertmanager keeps its own back-off and asks for none. */
const RETRY_AFTER_SECONDS = 5;

const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  forbidden: 401,
  'not-found': 404,
  conflict: 409,
  refused: 422,
  timeout: 504,
  unavailable: 503,
};

/** The HTTP server, not yet listening. Throws `invalid` without a token: alerts start things. */
export function createGateway(parts: GatewayParts): FastifyInstance {
  const { configuration, temporal, log, clock } = parts;
  const token = configuration.gatewayToken;
  if (token === undefined) {
    throw new KintsugiError('invalid', 'the gateway has no token', {
      where: 'KINTSUGI_GATEWAY_TOKEN',
      fix: 'set it, or KINTSUGI_GATEWAY_TOKEN_FILE',
    });
  }
  const metrics = createMetrics();
  const coverage = createCoverageReader(temporal, log, clock);
  const app = fastify({
    bodyLimit: MOST_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: MOST_ID_CHARACTERS },
    // On close a request that is under way is answered; only connections that wait for nothing are ended.
    forceCloseConnections: 'idle',
  });
  readEveryBodyAsJson(app);
  answerErrors(app, log);
  endConnectionsOnClose(app);
  app.addHook('onReady', async () => coverage.start());
  app.addHook('onClose', () => coverage.stop());
  app.addHook('onResponse', async ({ method, url }, { statusCode, elapsedTime }) => {
    if (url === '/api/v1/alerts') metrics.countPost(statusCode);
    log.debug({ method, url, status: statusCode, ms: Math.round(elapsedTime) }, 'request');
  });

  app.post('/api/v1/alerts', {
    // Before the body is read: what may not come in is not parsed.
    onRequest: async ({ headers }) => requireToken(headers.authorization, token),
    handler: async ({ body }, reply) => receive(parts, metrics, readPost(body), reply),
  });
  if (parts.slack !== undefined) serveSlackActions(app, parts.slack);
  if (parts.pagerduty !== undefined) servePagerDutyWebhook(app, parts.pagerduty);
  app.register(registerApi, apiOf(parts));
  app.get('/healthz', async () => ({ ok: true }));
  app.get('/readyz', async (_, reply) => ready(temporal, reply));
  app.get('/metrics', async (_, reply) => {
    const { contentType, text } = await metrics.render(coverage.latest());
    return reply.type(contentType).send(text);
  });
  return app;
}

/** What people read and order by; without tokens nobody, without an order key unverified. */
function apiOf({ configuration, temporal, runbooks, log, clock }: GatewayParts): Api {
  const { tokens = [], orderKey } = configuration;
  const sign = orderKey === undefined ? undefined : createSigner(orderKey, clock);
  return { session: sessionOf(temporal, configuration), runbooks, sign, tokens, log, clock };
}

async function receive(
  { configuration, temporal, runbooks, log, clock }: GatewayParts,
  metrics: GatewayMetrics,
  post: AlertPost,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if ((post.truncatedAlerts ?? 0) > 0) {
    metrics.countTruncated(post.truncatedAlerts ?? 0);
    log.warn({ truncated: post.truncatedAlerts }, 'the sender left alerts out: set max_alerts to 0 in its receiver');
  }
  const now = clock().toISOString();
  const routing = routePost(post, await runbooks(), { cluster: configuration.cluster, now });
  const received = await deliverPost(routing, post.alerts.length, (delivery) => deliverAlerts(temporal, delivery));
  if ('later' in received) {
    log.error({ error: received.later.report() }, 'alerts could not be stored: the sender is asked to send them again');
    return reply.code(503).header('retry-after', RETRY_AFTER_SECONDS).send({ error: received.later.report() });
  }
  for (const result of received.results) account(result, metrics, log);
  return reply.send({ results: received.results });
}

/** `recorded` means exactly this until the audit's store exists: a counter and a line of the log. */
function account(result: AlertResult, metrics: GatewayMetrics, log: Logger): void {
  metrics.countAlert(result.status);
  const level = result.status === 'refused' ? 'warn' : 'info';
  log[level]({ alert: result }, `alert ${result.status}`);
}

async function ready(temporal: Client, reply: FastifyReply): Promise<FastifyReply> {
  try {
    await checkTemporal(temporal, READY_TIMEOUT_MS);
    return reply.send({ ready: true });
  } catch (thrown) {
    return reply.code(503).send({ ready: false, reason: `Temporal does not answer: ${messageOf(thrown)}` });
  }
}

function readPost(body: unknown): AlertPost {
  const parsed = postSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new KintsugiError('invalid', 'the body is not a post of alerts: it has no list "alerts"', {
    where: 'body',
    fix: 'send the webhook of Alertmanager (version 4) or Grafana',
  });
}

/** A connection that is kept alive after its last answer would hold the closing back until it times out, over a minute later. */
function endConnectionsOnClose(app: FastifyInstance): void {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onSend', async (_, reply) => {
    if (closing) reply.header('connection', 'close');
  });
}

/** Senders name their JSON differently, or not at all. */
function readEveryBodyAsJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => {
    try {
      done(null, JSON.parse(body.toString()));
    } catch (thrown) {
      const details = { where: 'body', fix: 'send JSON', cause: thrown };
      done(new KintsugiError('invalid', `the body is not JSON: ${messageOf(thrown)}`, details));
    }
  });
}

/** Every error in the one shape `{error: {code, message, where, fix, retryable}}`. */
function answerErrors(app: FastifyInstance, log: Logger): void {
  app.setErrorHandler((thrown: unknown, { url }, reply) => {
    if (thrown instanceof KintsugiError) {
      const status = STATUS[thrown.code];
      if (status === 401) reply.header('www-authenticate', 'Bearer realm="kintsugi"');
      return reply.code(status).send({ error: thrown.report() });
    }
    const status = statusOf(thrown);
    if (status >= 500) log.error({ url, error: messageOf(thrown) }, 'a request failed');
    const code: ErrorCode = status >= 500 ? 'unavailable' : 'invalid';
    const error = new KintsugiError(code, messageOf(thrown), {
      where: url,
      fix: FIXES[status] ?? "look at the gateway's log",
    });
    return reply.code(status).send({ error: error.report() });
  });
  app.setNotFoundHandler(({ method, url }, reply) => {
    const details = {
      where: url,
      fix: 'POST /api/v1/alerts, GET /healthz, /readyz or /metrics; GET /api/v1/openapi.json lists the rest',
    };
    const error = new KintsugiError('not-found', `there is no ${method} ${url}`, details);
    return reply.code(404).send({ error: error.report() });
  });
}

const FIXES: Readonly<Record<number, string>> = {
  413: 'send less: at most 10 MiB of alerts, fewer in one group; at most 64 KiB to the API',
  429: 'wait as long as Retry-After says',
};

/** The status that fastify gave an error of its own, e.g. 413; anything unforeseen is 500, which is sent again. */
function statusOf(thrown: unknown): number {
  if (typeof thrown !== 'object' || thrown === null || !('statusCode' in thrown)) return 500;
  return typeof thrown.statusCode === 'number' ? thrown.statusCode : 500;
}
