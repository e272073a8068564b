import { KintsugiError } from '../errors.ts';
import { isRecord } from '../faults/data.ts';
import type { Logger } from '../log.ts';
import { createDefaultNotifier } from './default.ts';
import { kindNamed } from './kinds.ts';
import { createLogNotifier } from './log.ts';
import type { NamedNotifier, Notifier } from './notifier.ts';
import { readSecret } from './secret-file.ts';
import { environmentWebhook } from './webhook.ts';

/** What notifiers are made from: the configuration, already validated, and the log. */
export interface NotifierSettings {
  log: Logger;
  clock?: () => Date;
  /** KINTSUGI_WEBHOOK_URL. It may hold a token: it is never logged or shown. */
  webhookUrl?: string;
  /** KINTSUGI_WEBHOOK_SECRET: signs the body. */
  webhookSecret?: string;
  /** Those of the configuration file. */
  notifiers?: readonly NamedNotifier[];
  /** `notifiers.default`: what the notifier `default` goes through. */
  defaultNotifiers?: readonly string[];
  publicUrl?: string;
  temporalUiUrl?: string;
}

/** Why a notifier of the configuration file cannot be made. */
export interface NotifierFault {
  notifier: string;
  error: KintsugiError;
}

/**
 * The notifiers by name: the log and `default` always, the webhook of the environment if its address is set, and those of the
 * configuration file.
 * @throws KintsugiError `invalid` with everything that stands against any of them
 */
export function createNotifiers(settings: NotifierSettings): Record<string, Notifier> {
  const { notifiers, faults } = makeNotifiers(settings);
  if (faults.length === 0) return notifiers;
  const lines = faults.map(({ error: { where, message, fix } }) => `${where}: ${message}; ${fix}`);
  throw new KintsugiError('invalid', lines.join('\n'), {
    where: faults.map(({ error }) => error.where).join(', '),
    fix: 'correct what is listed; docs/reference/configuration.md describes every setting',
  });
}

/** The same without throwing: those that can be made, and what stands against the others. */
export function makeNotifiers(settings: NotifierSettings): {
  notifiers: Record<string, Notifier>;
  faults: NotifierFault[];
} {
  const { log, webhookUrl, webhookSecret, notifiers: named = [], defaultNotifiers = [] } = settings;
  const notifiers: Record<string, Notifier> = { log: createLogNotifier(log) };
  if (webhookUrl !== undefined) notifiers.webhook = environmentWebhook(webhookUrl, webhookSecret);
  const faults: NotifierFault[] = [];
  for (const entry of named) {
    const made = make(entry, settings);
    if (Array.isArray(made)) faults.push(...made.map((error) => ({ notifier: entry.name, error })));
    else notifiers[entry.name] = made;
  }
  notifiers.default = createDefaultNotifier(
    defaultNotifiers.flatMap((name) => (notifiers[name] === undefined ? [] : [notifiers[name]])),
  );
  return { notifiers, faults };
}

/** The notifier, or everything that stands against it. */
function make(entry: NamedNotifier, settings: NotifierSettings): Notifier | KintsugiError[] {
  const { name, type, places } = entry;
  const { log, clock, publicUrl, temporalUiUrl } = settings;
  const place = (setting: string) => places[setting] ?? places[''] ?? `notifier ${name}, ${setting}`;
  const kind = kindNamed(type);
  if (kind === undefined) return [new KintsugiError('invalid', `no notifier is of type "${type}"`, unknownType(place))];
  const errors = secretFilesOf(entry).flatMap(([setting, path]) => errorOf(() => readSecret(path, place(setting))));
  if (errors.length > 0) return errors;
  const dependencies = {
    ...{ name, log, place },
    ...(clock === undefined ? {} : { clock }),
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(temporalUiUrl === undefined ? {} : { temporalUiUrl }),
  };
  let made: Notifier | undefined;
  const faults = errorOf(() => {
    made = kind.create(entry.settings, dependencies);
  });
  return made ?? faults;
}

function unknownType(place: (setting: string) => string) {
  return { where: place('type'), fix: 'use a type that docs/reference/configuration.md names' };
}

function errorOf(act: () => unknown): KintsugiError[] {
  try {
    act();
    return [];
  } catch (thrown) {
    if (thrown instanceof KintsugiError) return [thrown];
    throw thrown;
  }
}

/** The settings that are paths of secrets: their names say so. */
function secretFilesOf({ settings }: NamedNotifier): [string, string][] {
  if (!isRecord(settings)) return [];
  return Object.entries(settings).filter(
    (entry): entry is [string, string] => entry[0].endsWith('File') && typeof entry[1] === 'string',
  );
}
