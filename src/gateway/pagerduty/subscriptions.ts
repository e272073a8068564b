import type { NamedNotifier } from '../../notify/notifier.ts';
import pagerduty, { pagerDutySettings } from '../../notify/pagerduty.ts';
import { readSecret } from '../../notify/secret-file.ts';

/** A PagerDuty notifier whose webhook leads here. */
export interface PagerDutySubscription {
  notifier: string;
  webhookSecretFile: string;
  /** The setting that an error names. */
  where: string;
  /** By which an incident's alerts are looked up; without it only what names its key is understood. */
  api?: { url: string; tokenFile: string; where: string };
}

/**
 * The configuration's PagerDuty notifiers with a webhook secret.
 * @throws KintsugiError `invalid` where a secret cannot be read
 */
export function pagerDutySubscriptionsOf(notifiers: readonly NamedNotifier[]): PagerDutySubscription[] {
  return notifiers.flatMap(({ name, type, settings, places }) => {
    if (type !== pagerduty.name) return [];
    const { webhookSecretFile, apiTokenFile, apiUrl } = pagerDutySettings.parse(settings);
    if (webhookSecretFile === undefined) return [];
    const place = (setting: string) => places[setting] ?? `notifier ${name}, ${setting}`;
    readSecret(webhookSecretFile, place('webhookSecretFile'));
    const api =
      apiTokenFile === undefined ? {} : { api: { url: apiUrl, tokenFile: apiTokenFile, where: place('apiTokenFile') } };
    if (apiTokenFile !== undefined) readSecret(apiTokenFile, place('apiTokenFile'));
    return [{ notifier: name, webhookSecretFile, where: place('webhookSecretFile'), ...api }];
  });
}
