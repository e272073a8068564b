import { type ErrorCode, KintsugiError } from '../errors.ts';
import { fetchFailure } from '../fetch-failure.ts';
import { type Attempt, repeatedly } from './attempts.ts';

/** One message to a provider by HTTP. */
export interface Post {
  /** May hold a token: it is in no error. */
  url: string;
  headers: Record<string, string>;
  body: string;
  /** Who is asked, for errors: `PagerDuty`, `the webhook`. */
  who: string;
  /** The setting that an error names, and where it stands. */
  where: string;
  /** Whether it drops a repeat. Where not, only what surely was not taken is tried again (durability 11). */
  deduplicates: boolean;
  /** The setting that a refusal speaks about, where that is another one. */
  refusedAt?: string;
  /** The one status that the provider documents for what it took; any 2xx where it documents none. */
  accepts?: number;
  /** The provider's reason in the body of its refusal, if it says one. */
  reasonOf?: (body: string) => string | undefined;
}

/** What a provider answered when it took the message. */
export interface Taken {
  status: number;
  /** At most 64 KiB of it; empty where it could not be read. */
  body: string;
  headers: Headers;
}

const MOST_BYTES = 64 * 1024;

/**
 * Posts until a 2xx takes the message. Overload, server faults and, where the provider drops a repeat, lost answers are tried
 * again (durability 11). Any other answer is final.
 */
export function postRepeatedly(post: Post, signal: AbortSignal): Promise<Taken> {
  return repeatedly(signal, (trySignal) => postOnce(post, trySignal));
}

/** Posts once. A page holds evidence: it goes where the configuration says and follows no redirect. */
export async function postOnce(post: Post, signal: AbortSignal): Promise<Attempt<Taken>> {
  let response: Response;
  try {
    const { url, headers, body } = post;
    response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
  } catch (thrown) {
    return { error: unanswered(post, thrown) };
  }
  const { status, headers } = response;
  const body = await bounded(response).catch(() => '');
  const accepted = post.accepts === undefined ? response.ok : status === post.accepts;
  if (accepted) return { taken: { status, body, headers } };
  const retryAfterMs = secondsIn(headers.get('retry-after'));
  return { error: refusal(post, status, body), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MOST_BYTES) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `Retry-After` in milliseconds: a number of seconds, or a date. */
function secondsIn(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

function unanswered({ who, where, deduplicates }: Post, thrown: unknown): KintsugiError {
  const { timedOut, unsent, reason } = fetchFailure(thrown);
  return new KintsugiError(timedOut ? 'timeout' : 'unavailable', `${who} gave no answer: ${reason}`, {
    where,
    fix: 'Check that the receiver runs and can be reached from the worker.',
    retryable: deduplicates || unsent,
    cause: thrown,
  });
}

const REFUSALS: Partial<Record<number, ErrorCode>> = {
  401: 'forbidden',
  403: 'forbidden',
  404: 'not-found',
  408: 'timeout',
  429: 'unavailable',
};

/** Answers by which nothing was taken, whoever gave them; a gateway's 502 and 504 leave it open. */
const SURELY_NOT_TAKEN = [429, 503];

function refusal(post: Post, status: number, body: string): KintsugiError {
  const { who, where, refusedAt = where, reasonOf, deduplicates } = post;
  const code = REFUSALS[status] ?? (status >= 500 ? 'unavailable' : 'refused');
  const passes = code === 'unavailable' || code === 'timeout';
  const reason = reasonOf?.(body);
  return new KintsugiError(code, `${who} answered ${status}${reason === undefined ? '' : `: ${reason}`}`, {
    where: refusedAt,
    fix:
      code === 'unavailable'
        ? 'See why the receiver cannot take it now.'
        : 'Check the address, the secret and what the receiver accepts.',
    retryable: passes && (deduplicates || SURELY_NOT_TAKEN.includes(status)),
  });
}
