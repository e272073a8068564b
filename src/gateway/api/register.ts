import rateLimit from '@fastify/rate-limit';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type ErrorCode, KintsugiError, messageOf } from '../../errors.ts';
import { formatPath } from '../../faults/fault.ts';
import { complaintsOf } from '../../faults/issues.ts';
import type { Logger } from '../../log.ts';
import type { TokenSettings } from '../../orders/token-settings.ts';
import { identify, type Person } from '../../orders/tokens.ts';
import { type ApiParts, askedOf, list, order, possibleNow, RoleError, requireRole, show, start } from './handlers.ts';
import { openApiDocument } from './openapi.ts';
import { type ApiRoute, apiRoutes } from './routes.ts';
import { endSilenceBody, listQuery, orderBody, silenceBody, silencesQuery, startBody } from './schemas.ts';
import { addSilence, endSilence, listSilences } from './silences.ts';

export interface Api extends ApiParts {
  tokens: readonly TokenSettings[];
  log: Logger;
  clock: () => Date;
}

/** An order is at most 8 KiB (durability 9); what is larger says something else. */
const MOST_BODY_BYTES = 64 * 1024;
/** A token's requests a minute: enough for a few people who follow their recoveries, too few to keep Temporal busy. */
const REQUESTS_A_MINUTE = 600;
const RETRY_AFTER_SECONDS = 5;

interface Call {
  api: Api;
  person: Person;
  request: FastifyRequest;
}

type Answer = { status?: number; body: object };

const calls: Readonly<Record<ApiRoute['name'], (call: Call) => Promise<Answer>>> = {
  list: async ({ api, person, request }) => {
    requireRole(person, 'read');
    return { body: await list(api, parsed(listQuery, request.query, 'query')) };
  },
  show: async ({ api, person, request }) => {
    requireRole(person, 'read');
    return { body: await show(api, idOf(request)) };
  },
  start: async ({ api, person, request }) => {
    const body = parsed(startBody, request.body, 'body');
    const started = await start(api, person, body, keyOf(request));
    api.log.info(
      { actor: person.person, token: person.token, runbook: body.runbook, ...started },
      'a recovery was started',
    );
    const kept = started.order?.state === 'kept';
    return { status: kept ? 202 : started.joined ? 200 : 201, body: started };
  },
  order: async ({ api, person, request }) => {
    const asked = askedOf(person, idOf(request), parsed(orderBody, request.body, 'body'), keyOf(request));
    const given = await order(api, asked);
    api.log.info(
      { actor: person.person, token: person.token, ...given },
      `an order was ${given.state === 'kept' ? 'kept' : 'taken'}`,
    );
    return { status: given.state === 'kept' ? 202 : 200, body: given };
  },
  silences: async ({ api, person, request }) => {
    requireRole(person, 'read');
    return { body: await listSilences(api, parsed(silencesQuery, request.query, 'query')) };
  },
  silence: async ({ api, person, request }) => {
    const body = await addSilence(api, person, parsed(silenceBody, request.body, 'body'), keyOf(request));
    api.log.info({ actor: person.person, token: person.token, silence: body }, 'a silence was set');
    return { status: 201, body };
  },
  endSilence: async ({ api, person, request }) => {
    const body = await endSilence(api, person, idOf(request), parsed(endSilenceBody, request.body ?? {}, 'body'));
    api.log.info({ actor: person.person, token: person.token, silence: body }, 'a silence was ended');
    return { body };
  },
};

/** The calls of the API, as a part of the gateway of its own; each asks for a token first. */
export const registerApi: FastifyPluginAsync<Api> = async (app, api) => {
  await app.register(rateLimit, {
    max: REQUESTS_A_MINUTE,
    timeWindow: '1 minute',
    keyGenerator: (request) => whose(api, request),
  });
  const document = openApiDocument();
  app.get('/api/v1/openapi.json', async () => document);
  for (const route of apiRoutes) {
    app.route({
      method: route.method === 'get' ? 'GET' : 'POST',
      url: route.path.replace('{id}', ':id'),
      bodyLimit: MOST_BODY_BYTES,
      // Before the body is read: what may not come in is not parsed.
      preParsing: async (request, _reply, payload) => {
        request.person = personOf(api, request);
        return payload;
      },
      handler: (request, reply) => answer(api, route, request, reply),
    });
  }
};

declare module 'fastify' {
  interface FastifyRequest {
    person?: Person;
  }
}

/** By which requests are counted: the token, or for those without one that is known the address. */
function whose({ tokens, clock }: Api, { headers, ip }: FastifyRequest): string {
  try {
    return `token ${identify(headers.authorization, tokens, clock()).token}`;
  } catch {
    return ip;
  }
}

/** Who calls; nobody who may not is not told of, and stands in the log. */
function personOf({ tokens, clock, log }: Api, { headers, method, url, ip }: FastifyRequest): Person {
  try {
    return identify(headers.authorization, tokens, clock());
  } catch (thrown) {
    log.warn({ method, url, ip, why: messageOf(thrown) }, 'a request without a valid token was refused');
    throw thrown;
  }
}

async function answer(
  api: Api,
  { name }: ApiRoute,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { person } = request;
  if (person === undefined) throw new Error('a call came in without its person');
  try {
    const { status = 200, body } = await calls[name]({ api, person, request });
    return reply.code(status).send(body);
  } catch (thrown) {
    if (!(thrown instanceof KintsugiError)) throw thrown;
    return refuse(api, { name, person, error: thrown, text: name === 'order' ? idOf(request) : null, request }, reply);
  }
}

/** By the code of what a call threw; who may not is told so by 403, and Temporal's own refusals are none of the caller's. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  forbidden: 503,
  'not-found': 404,
  conflict: 409,
  refused: 422,
  timeout: 503,
  unavailable: 503,
};

async function refuse(
  api: Api,
  {
    name,
    person,
    error,
    text,
    request,
  }: { name: ApiRoute['name']; person: Person; error: KintsugiError; text: string | null; request: FastifyRequest },
  reply: FastifyReply,
): Promise<FastifyReply> {
  const status = error instanceof RoleError ? 403 : STATUS[error.code];
  const { url, method } = request;
  api.log.warn(
    { actor: person.person, token: person.token, method, url, call: name, status, why: error.message },
    'refused',
  );
  if (status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
  const possible = text !== null && error.code === 'refused' ? await possibleNow(api, text) : null;
  return reply.code(status).send({ error: error.report(), ...(possible === null ? {} : { possible }) });
}

function idOf({ params }: FastifyRequest): string {
  return z.object({ id: z.string() }).parse(params).id;
}

/** The header in which a sender may name its order. */
function keyOf({ headers }: FastifyRequest): string | undefined {
  const key = headers['idempotency-key'];
  return key === undefined ? undefined : parsed(startBody.shape.id, key, 'Idempotency-Key');
}

/** What was sent, by its schema. Throws `invalid` with every fault at once. */
function parsed<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = complaintsOf(schema, value).map(({ path, message, fix }) =>
    [formatPath(path), message, fix].filter((part) => part !== '').join(': '),
  );
  throw new KintsugiError('invalid', faults.join('; '), {
    where,
    fix: 'correct what is listed: GET /api/v1/openapi.json describes it',
  });
}
