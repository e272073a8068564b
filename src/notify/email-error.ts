import { z } from 'zod';
import { type ErrorCode, KintsugiError, messageOf } from '../errors.ts';

/** What nodemailer says of a failure. By shape: an error may come from another realm. */
const failure = z.object({
  message: z.string().optional(),
  code: z.string().optional(),
  originalCode: z.string().optional(),
  command: z.string().optional(),
  response: z.string().optional(),
  responseCode: z.number().optional(),
  /** Whether the server has refused it for good. */
  permanent: z.boolean().optional(),
});
type Failure = z.infer<typeof failure>;

/** Why a try failed, as ours: what may pass is retryable, and the setting that it is about is named. */
export function emailError(thrown: unknown, signal: AbortSignal, place: (setting: string) => string): KintsugiError {
  if (thrown instanceof KintsugiError) return thrown;
  const found = failure.safeParse(thrown).data ?? { message: messageOf(thrown) };
  const { code, setting, fix } = judge(found, signal.aborted);
  return new KintsugiError(code, wordsOf(found, signal.aborted), { where: place(setting), fix, cause: thrown });
}

interface Judgement {
  code: ErrorCode;
  setting: string;
  fix: string;
}

const UNREACHED = { setting: 'host', fix: 'Check that the mail server runs and can be reached from the worker.' };

/** Node's codes of a certificate, or a handshake, that will not be better the next time. */
const UNTRUSTED = /^(?:UNABLE_TO_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_|ERR_TLS_|ERR_SSL_|HOSTNAME_MISMATCH)/;

function judge(found: Failure, aborted: boolean): Judgement {
  const { code, originalCode = '', command = '', message = '', permanent } = found;
  if (aborted || code === 'ETIMEDOUT') return { code: 'timeout', ...UNREACHED };
  if (UNTRUSTED.test(originalCode) || (code === 'ETLS' && !message.includes('closed unexpectedly'))) {
    const fix = "Check tls, and name the authority of the server's certificate in caFile.";
    return { code: 'refused', setting: 'tls', fix };
  }
  if (permanent === false)
    return { code: 'unavailable', setting: 'host', fix: 'See why the mail server cannot take it now.' };
  if (code === 'EAUTH' || code === 'ENOAUTH')
    return { code: 'forbidden', setting: 'passwordFile', fix: 'Check user and password.' };
  if (permanent === true) {
    const setting = command.startsWith('RCPT') ? 'to' : command.startsWith('MAIL') ? 'from' : 'host';
    return { code: 'refused', setting, fix: 'Check sender and recipients, and what the mail server allows.' };
  }
  return { code: 'unavailable', ...UNREACHED };
}

function wordsOf({ message, response, responseCode }: Failure, aborted: boolean): string {
  if (aborted) return 'the mail server gave no answer: does not answer in time';
  if (responseCode !== undefined) return `the mail server answered ${bounded(response ?? String(responseCode))}`;
  return `the mail server gave no answer: ${bounded(message ?? 'no reason is known')}`;
}

function bounded(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 300);
}
