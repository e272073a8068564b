import type { NamedNotifier } from '../../notify/notifier.ts';
import { readSecret } from '../../notify/secret-file.ts';
import slack, { slackSettings } from '../../notify/slack.ts';

/** A Slack notifier whose messages have buttons. */
export interface SlackApp {
  notifier: string;
  signingSecretFile: string;
  /** The setting that an error names. */
  where: string;
  /** An address in place of Slack's: answers may go there too. */
  apiUrl?: string;
}

/**
 * The configuration's Slack notifiers with a signing secret.
 * @throws KintsugiError `invalid` where a secret cannot be read
 */
export function slackAppsOf(notifiers: readonly NamedNotifier[]): SlackApp[] {
  return notifiers.flatMap(({ name, type, settings, places }) => {
    if (type !== slack.name) return [];
    const { signingSecretFile, apiUrl } = slackSettings.parse(settings);
    if (signingSecretFile === undefined) return [];
    const where = places.signingSecretFile ?? `notifier ${name}, signingSecretFile`;
    readSecret(signingSecretFile, where);
    return [{ notifier: name, signingSecretFile, where, ...(apiUrl === undefined ? {} : { apiUrl }) }];
  });
}
