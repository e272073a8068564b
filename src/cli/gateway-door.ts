import type { z } from 'zod';
import { KintsugiError, messageOf } from '../errors.ts';
import { errorAnswer, listAnswer, orderAnswer, recoveryAnswer, startAnswer } from '../gateway/api/schemas.ts';
import { recordAnswer } from '../temporal/record-answer.ts';
import type { Found, FrontDoor } from './front-door.ts';

/** The gateway's API as the command line uses it. */

/** The gateway waits up to 5 s for a worker, and as long for Temporal. */
const TIMEOUT_MS = 30_000;

type Ask = <T extends z.ZodType>(
  method: 'GET' | 'POST',
  path: string,
  schema: T,
  body?: object,
) => Promise<z.output<T>>;

/** How a gateway is asked. Throws what it answers, as the command line tells it. */
export function gatewayAsk(url: string, token: string): Ask {
  return (method, path, schema, body) => request({ url, token, method, path, schema, body });
}

/** The front door of a gateway. Throws what the gateway answers, as the command line tells it. */
export function gatewayDoor(url: string, token: string): FrontDoor {
  const ask = gatewayAsk(url, token);
  const pathOf = (text: string) => `/api/v1/recoveries/${encodeURIComponent(text)}`;
  const find = async (text: string): Promise<Found> => {
    const { stored, error, ...answer } = await ask('GET', pathOf(text), recoveryAnswer);
    if (answer.record !== null) return { stored, answer: recordAnswer.parse(answer) };
    return { stored, answer: { error: errorOf(error ?? UNTOLD) } };
  };
  return {
    find,
    source: {
      read: async (workflowId) => {
        const { answer } = await find(workflowId);
        if ('error' in answer) throw answer.error;
        return answer;
      },
      throwIfEnded: async (workflowId) => {
        const { id, status } = (await find(workflowId)).stored;
        if (GOES_ON.has(status)) return;
        throw new KintsugiError('conflict', `the run has ended without its own doing: ${status.toLowerCase()}`, {
          where: id,
          fix: 'its history in Temporal shows why; a change of this recovery may stand, `kintsugi show` lists it',
        });
      },
    },
    list: async ({ open, ...filter }) => {
      const said = { ...filter, ...(open === undefined ? {} : { open: String(open) }) };
      return (await ask('GET', `/api/v1/recoveries?${new URLSearchParams(said)}`, listAnswer)).recoveries;
    },
    order: (text, order, fields) => ask('POST', `${pathOf(text)}/orders`, orderAnswer, { order, ...fields }),
    start: async (start) => {
      const { order, ...begun } = await ask('POST', '/api/v1/recoveries', startAnswer, start);
      return { ...begun, ...(order === undefined ? {} : { orderId: order.id }) };
    },
  };
}

const GOES_ON: ReadonlySet<string> = new Set(['RUNNING', 'COMPLETED', 'CONTINUED_AS_NEW']);

const UNTOLD: z.infer<typeof errorAnswer>['error'] = {
  code: 'unavailable',
  message: 'no worker answered',
  where: 'the gateway',
  fix: 'start one: kintsugi worker',
  retryable: true,
};

interface Question<T extends z.ZodType> {
  url: string;
  token: string;
  method: 'GET' | 'POST';
  path: string;
  schema: T;
  body: object | undefined;
}

async function request<T extends z.ZodType>({
  url,
  token,
  method,
  path,
  schema,
  body,
}: Question<T>): Promise<z.output<T>> {
  const { status, text } = await send({ url, token, method, path, body });
  const json = parsed(text);
  if (status >= 400) {
    const told = errorAnswer.safeParse(json);
    throw told.success ? errorOf(told.data.error) : strange(url, status);
  }
  const answer = schema.safeParse(json);
  if (!answer.success) throw strange(url, status);
  return answer.data;
}

async function send({
  url,
  token,
  method,
  path,
  body,
}: Omit<Question<z.ZodType>, 'schema'>): Promise<{ status: number; text: string }> {
  try {
    const answer = await fetch(`${url.replace(/\/+$/, '')}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      // A token is sent to the address that was named, and to no other.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  } catch (thrown) {
    const why = thrown instanceof Error && thrown.cause !== undefined ? messageOf(thrown.cause) : messageOf(thrown);
    throw new KintsugiError('unavailable', `the gateway does not answer: ${why}`, {
      where: url,
      fix: 'start it, or correct KINTSUGI_URL; without KINTSUGI_URL the command line goes straight to Temporal',
      cause: thrown,
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function errorOf({ code, message, where, fix, retryable }: z.infer<typeof errorAnswer>['error']): KintsugiError {
  return new KintsugiError(code, message, { where, fix, retryable });
}

function strange(url: string, status: number): KintsugiError {
  return new KintsugiError(
    'unavailable',
    `what answers is no gateway of Kintsugi that this version knows (status ${status})`,
    {
      where: url,
      fix: 'correct KINTSUGI_URL, or use the command line of the gateway’s version',
    },
  );
}
