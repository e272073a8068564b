import { z } from 'zod';
import { KintsugiError } from '../errors.ts';
import type { Page } from '../recovery/escalation.ts';
import { webAddress } from './address.ts';
import type { MessageContext, Notifier, NotifierDependencies, NotifierKind } from './notifier.ts';
import type { PageMessage } from './page-message.ts';
import { eventBody } from './pagerduty-event.ts';
import { postRepeatedly } from './post.ts';
import { readSecret } from './secret-file.ts';

export const pagerDutySettings = z.strictObject({
  routingKeyFile: z.string().min(1).describe('A file with the integration key of an Events API v2 integration'),
  url: webAddress
    .default('https://events.pagerduty.com/v2/enqueue')
    .describe('Where events go; for a service region in the EU https://events.eu.pagerduty.com/v2/enqueue'),
  webhookSecretFile: z
    .string()
    .min(1)
    .optional()
    .describe('A file with the secret of a webhook (V3): the gateway then takes what people do with an incident there'),
  apiTokenFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A file with a read-only key of the REST API: the gateway looks up which page an incident is about, and needs it where the service creates alerts, and for notes',
    ),
  apiUrl: webAddress
    .default('https://api.pagerduty.com')
    .describe('Where the REST API is; for a service region in the EU https://api.eu.pagerduty.com'),
});

type Settings = z.infer<typeof pagerDutySettings>;

const kind: NotifierKind<Settings> = {
  name: 'pagerduty',
  summary:
    'PagerDuty, by its Events API v2: triggers, acknowledges and resolves one alert a page; a question for approval is an alert of its own, resolved when it is answered. A later rung or a repetition of the same integration calls nobody anew: its escalation policy does. It takes no notes.',
  settings: pagerDutySettings,
  create({ routingKeyFile, url }, dependencies) {
    const routingKey = () => readRoutingKey(routingKeyFile, dependencies.place('routingKeyFile'));
    routingKey();
    return createPagerDuty({ url, routingKey }, dependencies);
  },
};

export default kind;

interface Integration {
  url: string;
  routingKey(): string;
}

/**
 * The page's key is the alert's `dedup_key`, so every message about a page finds its alert and a repeat changes nothing. The API
 * has no update: another trigger with the same key adds the news to the open alert's log, without a notification of its own.
 * A question has a key of its own, so that it is an alert of its own: what is added to an open alert wakes nobody. Its answer
 * resolves it, whatever it was: nobody is to be called for it any more.
 */
function createPagerDuty(integration: Integration, dependencies: NotifierDependencies): Notifier {
  const trigger = (
    message: Extract<PageMessage, { event: 'trigger' | 'update' | 'approval' }>,
    context: MessageContext,
  ) =>
    send(integration, dependencies, context, {
      event_action: 'trigger',
      dedup_key: keyOf(message.page, context),
      ...eventBody(message, dependencies.publicUrl),
    });
  const end = (action: 'acknowledge' | 'resolve', page: Page, context: MessageContext) =>
    send(integration, dependencies, context, { event_action: action, dedup_key: keyOf(page, context) });
  return {
    name: dependencies.name,
    reachesPeople: true,
    async trigger(page, context) {
      return { providerId: await trigger({ event: 'trigger', page }, context) };
    },
    async update(page, context) {
      await trigger({ event: 'update', page }, context);
    },
    async resolve(page, _reason, context) {
      await end('resolve', page, context);
    },
    async ask(page, approval, context) {
      return { providerId: await trigger({ event: 'approval', page, approval }, context) };
    },
    async answered(page, _approval, _answer, context) {
      await end('resolve', page, context);
    },
    async acknowledge(page, _by, context) {
      await end('acknowledge', page, context);
    },
  };
}

function keyOf(page: Page, { providerId }: MessageContext): string {
  return providerId === undefined || providerId === '' ? page.key : providerId;
}

const taken = z.object({ dedup_key: z.string().min(1) });
const refused = z.object({ message: z.string().optional(), errors: z.array(z.string()).optional() });

/** Sends one event; returns the key under which PagerDuty has it. Documented: 202 is taken, 429 and 5xx may be tried again. */
async function send(
  { url, routingKey }: Integration,
  { place }: NotifierDependencies,
  { signal }: MessageContext,
  event: { dedup_key: string; [field: string]: unknown },
): Promise<string> {
  const key = routingKey();
  const answer = await postRepeatedly(
    {
      url,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ routing_key: key, ...event }),
      who: 'PagerDuty',
      where: place('url'),
      refusedAt: place('routingKeyFile'),
      deduplicates: true,
      accepts: 202,
      reasonOf: (body) => reasonIn(body)?.replaceAll(key, '***'),
    },
    signal,
  );
  return taken.safeParse(parsed(answer.body)).data?.dedup_key ?? event.dedup_key;
}

/** `Event object is invalid: 'payload.severity' is missing`. */
function reasonIn(body: string): string | undefined {
  const { message, errors = [] } = refused.safeParse(parsed(body)).data ?? {};
  const parts = [message, errors.join(', ')].filter((part) => part !== undefined && part !== '');
  return parts.length === 0 ? undefined : parts.join(': ').slice(0, 300);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Integration keys have 32 letters and digits; a token of another kind would only be refused by the first page. */
function readRoutingKey(path: string, where: string): string {
  const key = readSecret(path, where);
  if (/^[0-9a-zA-Z]{32}$/.test(key)) return key;
  throw new KintsugiError('invalid', 'the file holds no integration key', {
    where,
    fix: 'put the key of an "Events API v2" integration into it: 32 letters and digits',
  });
}
