import { createHmac, timingSafeEqual } from 'node:crypto';
import { KintsugiError } from '../../errors.ts';

const VERSION = 'v1=';

/**
 * The notifier whose webhook secret has signed the body. The header may hold several signatures with commas between them, while
 * PagerDuty replaces a secret (https://developer.pagerduty.com/docs/webhooks/webhook-signatures).
 * @param secrets the webhook secrets by notifier
 * @throws KintsugiError `forbidden` if none has
 */
export function webhookSignerOf(
  signatures: string | undefined,
  body: string,
  secrets: ReadonlyMap<string, string>,
): string {
  if (signatures === undefined) throw denied('the request is not signed by PagerDuty');
  const given = signatures.split(',').map((one) => one.trim());
  for (const [notifier, secret] of secrets) {
    const right = webhookSignatureOf(body, secret);
    if (given.some((one) => isEqual(one, right))) return notifier;
  }
  throw denied('the signature is not that of a PagerDuty webhook of this gateway');
}

/** PagerDuty's signature of a body: `v1=<HMAC-SHA256 of its bytes, in hexadecimal digits>`. */
export function webhookSignatureOf(body: string, secret: string): string {
  return `${VERSION}${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** In constant time for texts of one length; a signature's length is no secret. */
function isEqual(given: string, right: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function denied(message: string): KintsugiError {
  return new KintsugiError('forbidden', message, {
    where: 'X-PagerDuty-Signature',
    fix: "set the notifier's webhookSecretFile to the secret that PagerDuty showed when the webhook was made",
  });
}
