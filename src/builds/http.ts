import { KintsugiError } from '../errors.ts';
import { fetchFailure } from '../fetch-failure.ts';
import { readHeadersFile } from '../headers-file.ts';
import { atPointer } from '../kubernetes/template.ts';
import type { Json } from '../recovery/values.ts';
import { type BuildContext, type BuildHook, type BuildHookFacts, type BuildState, checkedDigest } from './build.ts';
import { type HttpSettings, secondsOf } from './settings.ts';

const REQUEST_MS = 10_000;
const MOST_BYTES = 64 * 1024;

/**
 * A build by an HTTP call: POST with the order as JSON and an Idempotency-Key, by which the CI system starts one build however
 * often it is asked (https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/); then GET of its status.
 * The headers of the secret file go to the origin of `url` and nowhere else.
 */
export function httpHook(facts: BuildHookFacts, settings: HttpSettings): BuildHook {
  const call = (context: BuildContext, address: string, init: { method: string; body?: string; key?: string }) =>
    request(context, facts.name, settings, address, init);
  return {
    ...facts,
    pollSeconds: Math.max(1, secondsOf(settings.poll)),
    describe: (order) => ({
      type: 'effect',
      what: `asks ${new URL(settings.url).host} to build ${order.image} from commit ${order.commit} (build ${order.key})`,
    }),
    async start(context, order, handle) {
      if (handle !== null) return handle;
      const { image, commit, recoveryId, target } = order;
      const body = JSON.stringify({ ...settings.body, image, commit, recovery: recoveryId, target });
      const answer = await call(context, settings.url, { method: 'POST', body, key: order.key });
      return statusAddress(facts.name, settings, answer);
    },
    async look(context, _order, handle) {
      const { json } = await call(context, handle, { method: 'GET' });
      return stateOf(settings, json, handle);
    },
    // What a CI system has begun it ends by itself.
    stop: async () => null,
  };
}

interface Answer {
  json: Json;
  location: string | null;
}

/** @throws KintsugiError `invalid` when the answer names no address, or one of another origin: it would be told the secret headers */
function statusAddress(hook: string, settings: HttpSettings, { json, location }: Answer): string {
  const told = settings.status === undefined ? location : atPointer(json, settings.status);
  const from = settings.status === undefined ? 'the header Location' : settings.status;
  if (typeof told !== 'string' || !URL.canParse(told, settings.url))
    throw nonsense(hook, settings.url, `it gives no address of a status in ${from}`);
  const address = new URL(told, settings.url);
  if (address.origin !== new URL(settings.url).origin)
    throw nonsense(
      hook,
      settings.url,
      `its status is at ${address.origin}, which is not where the build was asked for`,
    );
  return address.href;
}

function stateOf(settings: HttpSettings, json: Json, where: string): BuildState {
  const state = atPointer(json, settings.state);
  if (typeof state !== 'string') throw nonsense('', where, `its status has no text at ${settings.state}`);
  const shown = state.replace(/[^\w -]/g, '').slice(0, 40);
  if (settings.failed.includes(state)) return { is: 'failed', saw: `the CI system says: ${shown}` };
  if (!settings.succeeded.includes(state)) return { is: 'running', saw: `the CI system says: ${shown}` };
  const digest = atPointer(json, settings.digest);
  return { is: 'done', digest: checkedDigest(typeof digest === 'string' ? digest.trim() : '', where) };
}

async function request(
  { signal }: BuildContext,
  hook: string,
  settings: HttpSettings,
  address: string,
  init: { method: string; body?: string; key?: string },
): Promise<Answer> {
  const headers = { ...readHeaders(hook, settings), accept: 'application/json' };
  const sent =
    init.body === undefined
      ? headers
      : { ...headers, 'content-type': 'application/json', 'idempotency-key': init.key ?? '' };
  let response: Response;
  let text: string;
  try {
    response = await fetch(address, {
      method: init.method,
      headers: sent,
      // A redirect would carry the order, or the headers, to where nobody said.
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
      ...(init.body === undefined ? {} : { body: init.body }),
    });
    text = await bounded(response);
  } catch (thrown) {
    signal.throwIfAborted();
    throw new KintsugiError('unavailable', `the CI system cannot be reached: ${fetchFailure(thrown).reason}`, {
      where: address,
      fix: 'Look at the CI system and the way to it.',
    });
  }
  if (!response.ok) throw refused(response.status, address);
  try {
    return { json: text.trim() === '' ? null : JSON.parse(text), location: response.headers.get('location') };
  } catch {
    throw nonsense(hook, address, 'it answers something else than JSON');
  }
}

/** At most 64 KiB of an answer; more is none that a status has. */
async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MOST_BYTES) return '[too much';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What may pass is tried again: 5xx, a limit, a request that came too early or that collides with its own first try. */
function refused(status: number, where: string): KintsugiError {
  const passes = status >= 500 || [408, 409, 425, 429].includes(status);
  return new KintsugiError(passes ? 'unavailable' : 'refused', `the CI system answers ${status}`, {
    where,
    fix: 'Look at the hook in the configuration file and at what the CI system logs.',
    retryable: passes,
  });
}

function nonsense(hook: string, where: string, what: string): KintsugiError {
  return new KintsugiError(
    'invalid',
    `the build hook ${hook} does not answer as configured: ${what}`.replace(/ {2,}/g, ' '),
    {
      where,
      fix: 'Correct `builds` in the configuration file: the JSON Pointers, or the address.',
    },
  );
}

/**
 * The headers of the secret file, read at each call: a Secret that was renewed is used at once.
 * @throws KintsugiError `invalid` when the file cannot be read or has a line that is no header; never with what stands in it
 */
export function readHeaders(hook: string, { headersFile }: Pick<HttpSettings, 'headersFile'>): Record<string, string> {
  if (headersFile === undefined) return {};
  const fault = (message: string) =>
    new KintsugiError('invalid', `build hook ${hook}: ${message}`, {
      where: headersFile,
      fix: 'Name a readable file with one `Name: value` a line.',
    });
  return readHeadersFile(headersFile, fault);
}
