import { z } from 'zod';
import { KintsugiError } from '../errors.ts';
import { fetchFailure } from '../fetch-failure.ts';

/** One series of an answer: its labels but for the name, and its value now. */
export interface Sample {
  labels: Record<string, string>;
  value: number;
}

const TIMEOUT_MS = 5000;
/** More series than that is a query that was meant otherwise. */
const MOST_BYTES = 1024 * 1024;
const WHERE = 'KINTSUGI_PROMETHEUS_URL';

const value = z.tuple([z.number(), z.string()]);
const answerSchema = z.union([
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
  z.object({
    status: z.literal('success'),
    data: z.discriminatedUnion('resultType', [
      z.object({
        resultType: z.literal('vector'),
        result: z.array(z.object({ metric: z.record(z.string(), z.string()), value })),
      }),
      z.object({ resultType: z.literal('scalar'), result: value }),
    ]),
  }),
]);

/**
 * Asks Prometheus for the present value of an expression (https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries).
 * @throws KintsugiError `invalid` for an expression that it does not take, `forbidden`, `timeout`, or `unavailable`
 */
export async function queryPrometheus(url: string, query: string, signal: AbortSignal): Promise<Sample[]> {
  const address = `${url.replace(/\/$/, '')}/api/v1/query`;
  // By POST, as the API offers for long expressions; a redirect would carry it to where nobody has said.
  const response = await fetch(address, {
    method: 'POST',
    body: new URLSearchParams({ query, timeout: `${TIMEOUT_MS / 1000}s` }),
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  }).catch((thrown: unknown) => {
    signal.throwIfAborted();
    const { timedOut, reason } = fetchFailure(thrown);
    throw failure(timedOut ? 'timeout' : 'unavailable', `Prometheus gave no answer: ${reason}`, thrown);
  });
  return samplesOf(response.status, await textOf(response, signal));
}

async function textOf(response: Response, signal: AbortSignal): Promise<string> {
  try {
    const text = await response.text();
    if (text.length <= MOST_BYTES) return text;
  } catch (thrown) {
    signal.throwIfAborted();
    throw failure('unavailable', `Prometheus' answer broke off: ${fetchFailure(thrown).reason}`, thrown);
  }
  throw failure('invalid', `the answer is over ${MOST_BYTES} bytes: the query meets too many series`);
}

function samplesOf(status: number, text: string): Sample[] {
  const answer = answerSchema.safeParse(parsed(text)).data;
  if (answer?.status === 'error') throw failure('invalid', `Prometheus refuses the query: ${answer.error}`);
  if (status === 401 || status === 403) throw failure('forbidden', `Prometheus answered ${status}`);
  if (status !== 200 || answer === undefined)
    throw failure('unavailable', `what answers there is no Prometheus, or cannot say now (status ${status})`);
  const { data } = answer;
  if (data.resultType === 'scalar') return [{ labels: {}, value: numberOf(data.result[1]) }];
  return data.result.map(({ metric: { __name__: _, ...labels }, value: [, written] }) => ({
    labels,
    value: numberOf(written),
  }));
}

/** Prometheus writes infinity as Go does. */
function numberOf(written: string): number {
  return Number(written.replace(/^([+-]?)Inf$/, '$1Infinity'));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function failure(
  code: 'invalid' | 'forbidden' | 'timeout' | 'unavailable',
  message: string,
  cause?: unknown,
): KintsugiError {
  const fix =
    code === 'invalid'
      ? 'Correct the query of spec.postRecovery.'
      : 'Check that Prometheus is there and lets this worker ask.';
  return new KintsugiError(code, message, { where: WHERE, fix, ...(cause === undefined ? {} : { cause }) });
}
