import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { KintsugiError } from '../errors.ts';
import { readHeadersFile } from '../headers-file.ts';
import type { Json } from '../recovery/values.ts';
import { addressIn, webAddress } from './address.ts';
import { notifierByMessage } from './by-message.ts';
import type { MessageContext, Notifier, NotifierKind } from './notifier.ts';
import { webhookBody } from './page.ts';
import type { PageMessage } from './page-message.ts';
import { postRepeatedly } from './post.ts';
import { readSecret } from './secret-file.ts';
import { bodyTemplate, filledBody, templateNames } from './webhook-template.ts';

const answer = z.object({ id: z.string().min(1) });

/** Headers that Kintsugi writes itself. */
const OWN_HEADERS = ['content-type', 'content-length', 'host', 'idempotency-key', 'x-kintsugi-signature'];

const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'the name of a header')
  .refine((name) => !OWN_HEADERS.includes(name.toLowerCase()), 'another header: Kintsugi writes this one itself');

const settings = z
  .strictObject({
    url: webAddress.optional().describe('Where pages are posted to'),
    urlFile: z
      .string()
      .min(1)
      .optional()
      .describe('A file with the address, where it holds a token; in place of `url`'),
    secretFile: z
      .string()
      .min(1)
      .optional()
      .describe('A file with the key by which the body is signed: `X-Kintsugi-Signature: sha256=<hex>`'),
    headers: z
      .record(headerName, z.string().regex(/^[\x20-\x7e]*$/, 'plain characters in one line'))
      .default({})
      .describe('More headers, none of them secret'),
    headersFile: z
      .string()
      .min(1)
      .optional()
      .describe('A file with one `Name: value` a line, for headers that are secret (a mounted Secret)'),
    body: bodyTemplate
      .optional()
      .describe(
        `The body, where the receiver wants one of its own: any JSON, in whose texts ${templateNames} stand for values, \`$$\` for a dollar sign; \`$page\` by itself is the body that there is without this setting`,
      ),
  })
  .refine(({ url, urlFile }) => (url === undefined) !== (urlFile === undefined), {
    message: 'either url or urlFile',
    path: ['url'],
  });

type Settings = z.infer<typeof settings>;

const kind: NotifierKind<Settings> = {
  name: 'webhook',
  summary: 'Posts the page as JSON to an address, with an Idempotency-Key.',
  settings,
  create({ url, urlFile, secretFile, headers, headersFile, body }, { name, place }) {
    const address = () => url ?? addressIn(readSecret(urlFile ?? '', place('urlFile')), place('urlFile'));
    address();
    const allHeaders = () => ({ ...headers, ...secretHeaders(headersFile, place('headersFile')) });
    allHeaders();
    return createWebhook({
      name,
      headers: allHeaders,
      ...(body === undefined ? {} : { body }),
      where: place(url === undefined ? 'urlFile' : 'url'),
      address,
      ...(secretFile === undefined ? {} : { secret: () => readSecret(secretFile, place('secretFile')) }),
    });
  },
};

export default kind;

/** The webhook of KINTSUGI_WEBHOOK_URL and KINTSUGI_WEBHOOK_SECRET. */
export function environmentWebhook(url: string, secret?: string): Notifier {
  return createWebhook({
    name: 'webhook',
    headers: () => ({}),
    where: 'KINTSUGI_WEBHOOK_URL',
    address: () => url,
    ...(secret === undefined ? {} : { secret: () => secret }),
  });
}

/** Where a webhook's messages go. */
interface Receiver {
  name: string;
  /** The setting that errors name; the address itself may hold a token. */
  where: string;
  address(): string;
  headers(): Record<string, string>;
  secret?: () => string;
  /** In place of the contract's. */
  body?: Json;
}

function createWebhook(receiver: Receiver): Notifier {
  return notifierByMessage(receiver, (message, context) => postMessage(receiver, message, context));
}

/** Posts the message; returns the receiver's own id, if its answer has one. */
async function postMessage(
  { where, address, headers: more, secret, body: template }: Receiver,
  message: PageMessage,
  { messageKey, signal }: MessageContext,
): Promise<string | undefined> {
  const content = template === undefined ? webhookBody(message, messageKey) : filledBody(template, message, messageKey);
  const body = JSON.stringify(content);
  const headers = {
    ...more(),
    'content-type': 'application/json',
    'idempotency-key': messageKey,
    ...(secret === undefined ? {} : { 'x-kintsugi-signature': signatureOf(body, secret()) }),
  };
  const post = { url: address(), headers, body, who: 'the webhook', where, deduplicates: true };
  return idOf((await postRepeatedly(post, signal)).body);
}

/** `sha256=<hex>` of the body, keyed with the secret. */
function signatureOf(body: string, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

function idOf(text: string): string | undefined {
  try {
    return answer.safeParse(JSON.parse(text)).data?.id;
  } catch {
    return undefined;
  }
}

function secretHeaders(path: string | undefined, where: string): Record<string, string> {
  if (path === undefined) return {};
  const fix = 'name a readable file with one `Name: value` a line';
  const headers = readHeadersFile(path, (message) => new KintsugiError('invalid', message, { where, fix }));
  const own = Object.keys(headers).find((name) => !headerName.safeParse(name).success);
  if (own === undefined) return headers;
  throw new KintsugiError('invalid', `Kintsugi writes the header ${own} itself`, { where, fix: 'leave it out' });
}
