import { z } from 'zod';
import { type ErrorCode, KintsugiError, messageOf } from '../errors.ts';
import { callText, describeCall } from './request.ts';

/** The part of Kubernetes' Status object that tells what went wrong. */
const statusObject = z.looseObject({
  kind: z.string().optional(),
  message: z.string().optional(),
  reason: z.string().optional(),
});

/** The `cause` of a {@link KintsugiError} that an HTTP answer made. */
export interface AnswerCause {
  status: number;
  /** False when the body is no Status object: through a proxy, it is then the program's own answer. */
  fromApiServer: boolean;
}

interface Answer {
  status: number;
  message: string;
  reason: string;
  fromApiServer: boolean;
}

/**
 * The API server's refusal as a {@link KintsugiError}.
 * @param answer HTTP status and the body as it came (a Status object, or any text from a proxy in between)
 */
export function failureOfAnswer(method: string, url: string, answer: { status: number; body: string }): KintsugiError {
  const call = describeCall(method, url);
  const where = callText(call);
  const read: Answer = { status: answer.status, ...readStatus(answer.body) };
  const code = codeOf(read);
  const message = read.message === '' ? `the API server answered ${read.status}` : read.message;
  const cause: AnswerCause = { status: answer.status, fromApiServer: read.fromApiServer };
  return new KintsugiError(code, message, { where, fix: fixFor(code, read, where), cause });
}

/** A call whose answer was not there in time. */
export function failureOfTime(method: string, url: string, timeoutMs: number): KintsugiError {
  return new KintsugiError('timeout', `no answer from the API server within ${timeoutMs} ms`, {
    where: callText(describeCall(method, url)),
    fix: 'Check that the API server is up and not overloaded, then try again.',
  });
}

/** A call that got no answer: refused, reset, not resolved, or not trusted. */
export function failureOfNetwork(method: string, url: string, thrown: unknown): KintsugiError {
  const reason = thrown instanceof Error && thrown.cause !== undefined ? messageOf(thrown.cause) : messageOf(thrown);
  return new KintsugiError('unavailable', `the API server at ${new URL(url).host} cannot be reached: ${reason}`, {
    where: callText(describeCall(method, url)),
    fix: "Check the kubeconfig's server address and certificate authority, and that the API server is up.",
    cause: thrown,
  });
}

/** Credentials that cannot be made: an exec plugin that fails, a token file that is gone. */
export function failureOfCredentials(method: string, url: string, thrown: unknown): KintsugiError {
  return new KintsugiError('forbidden', `the kubeconfig's credentials cannot be used: ${messageOf(thrown)}`, {
    where: callText(describeCall(method, url)),
    fix: "Run the same call with kubectl and mend the kubeconfig's user.",
    cause: thrown,
  });
}

function readStatus(body: string): Omit<Answer, 'status'> {
  try {
    const { data } = statusObject.safeParse(JSON.parse(body));
    if (data !== undefined)
      return { message: data.message ?? '', reason: data.reason ?? '', fromApiServer: data.kind === 'Status' };
  } catch {
    // Not JSON: a proxy's page or plain text.
  }
  return { message: body.slice(0, 500).trim(), reason: '', fromApiServer: false };
}

/** By status; a 403 that RBAC did not give is an admission plug-in's (quota, LimitRange, Pod Security, a webhook). */
function codeOf({ status, message, reason }: Answer): ErrorCode {
  if (status === 403) return deniedByAdmission(message) ? 'refused' : 'forbidden';
  if (status === 401) return 'forbidden';
  if (status === 404) return 'not-found';
  if (status === 409 || status === 410 || status === 412) return 'conflict';
  if (status === 408 || status === 504) return 'timeout';
  if (status === 422 && /ValidatingAdmissionPolicy|admission webhook/.test(message)) return 'refused';
  if (status === 429 || status >= 500) return 'unavailable';
  if (status === 400 && /^admission webhook /.test(message)) return 'refused';
  return reason === 'Conflict' ? 'conflict' : 'invalid';
}

/** RBAC's wording: https://github.com/kubernetes/kubernetes/blob/v1.34.4/staging/src/k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go */
function deniedByAdmission(message: string): boolean {
  return message !== '' && !/User ".*" cannot |cannot \w+ (resource|path) /s.test(message);
}

function fixFor(code: ErrorCode, { status }: Answer, where: string): string {
  switch (code) {
    case 'forbidden':
      return status === 401
        ? "Renew the kubeconfig's credentials; the API server does not know them."
        : `Give Kintsugi's user or ServiceAccount the permission to ${where}.`;
    case 'not-found':
      return 'Check the name and namespace; the object does not exist (any more).';
    case 'conflict':
      return 'Read the object again and repeat the change on what it is now.';
    case 'refused':
      return 'Change what admission refuses (quota, LimitRange, Pod Security, webhook), or the object that was sent.';
    case 'timeout':
    case 'unavailable':
      return 'Try again; if it stays, look at the API server and its webhooks.';
    default:
      return 'Correct the object that was sent; the message names the field.';
  }
}
