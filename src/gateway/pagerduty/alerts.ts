import { z } from 'zod';
import { KintsugiError } from '../../errors.ts';
import { fetchFailure } from '../../fetch-failure.ts';
import { readSecret } from '../../notify/secret-file.ts';
import type { PagerDutySubscription } from './subscriptions.ts';

/** PagerDuty waits 5 s for our answer: what takes longer is asked again by it. */
const TIMEOUT_MS = 2000;

const answer = z.object({ alerts: z.array(z.looseObject({ alert_key: z.string().nullish() })) });

/**
 * The keys of an incident's alerts, which are the `dedup_key`s that they were triggered with: "List alerts for an incident" of the
 * REST API, https://developer.pagerduty.com/api-reference/4bc42e7ac0c59-list-alerts-for-an-incident.
 * @throws KintsugiError retryable where PagerDuty does not answer now
 */
export async function alertKeysOf(
  incident: string,
  { url, tokenFile, where }: NonNullable<PagerDutySubscription['api']>,
): Promise<string[]> {
  const token = readSecret(tokenFile, where);
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(`${url.replace(/\/$/, '')}/incidents/${encodeURIComponent(incident)}/alerts?limit=100`, {
      headers: { accept: 'application/vnd.pagerduty+json;version=2', authorization: `Token token=${token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    body = await response.json().catch(() => null);
  } catch (thrown) {
    throw failed('unavailable', `PagerDuty gave no answer: ${fetchFailure(thrown).reason}`, where);
  }
  if (response.status === 429 || response.status >= 500)
    throw failed('unavailable', `PagerDuty answered ${response.status}`, where);
  const parsed = answer.safeParse(body);
  if (!response.ok || !parsed.success)
    throw failed('refused', `PagerDuty answered ${response.status} about the alerts of incident ${incident}`, where);
  return parsed.data.alerts.flatMap(({ alert_key }) => (alert_key == null ? [] : [alert_key]));
}

function failed(code: 'unavailable' | 'refused', message: string, where: string): KintsugiError {
  const fix = 'give a read-only key of the REST API of the account that sends the webhook';
  return new KintsugiError(code, message, { where, fix });
}
