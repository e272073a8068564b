import { readFileSync } from 'node:fs';
import type { SMTPTransportOptions } from 'nodemailer/lib/smtp-transport';
import { z } from 'zod';
import { repeatedly } from './attempts.ts';
import { notifierByMessage } from './by-message.ts';
import { emailError } from './email-error.ts';
import { emailMessage, type Letter } from './email-message.ts';
import type { NotifierDependencies, NotifierKind } from './notifier.ts';
import { readSecret } from './secret-file.ts';

const PORTS = { starttls: 587, implicit: 465, none: 25 } as const;

const address = z.email('an address like oncall@example.com');

const settings = z
  .strictObject({
    host: z.string().min(1).describe('The mail server'),
    port: z.int().min(1).max(65535).optional().describe('587 with `starttls`, 465 with `implicit`, 25 with `none`'),
    tls: z
      .enum(['starttls', 'implicit', 'none'])
      .default('starttls')
      .describe('`starttls`: the connection is secured before anything is said, or there is none; `none`: in clear'),
    caFile: z
      .string()
      .min(1)
      .optional()
      .describe("The authority of the server's certificate (PEM), where it is your own"),
    user: z.string().min(1).optional().describe('Who logs in; nobody does if not given'),
    passwordFile: z.string().min(1).optional().describe('A file with the password'),
    from: address.describe('The sender'),
    to: z.array(address).min(1).describe('Who gets every message'),
  })
  .refine(({ user, passwordFile }) => (user === undefined) === (passwordFile === undefined), {
    message: 'user and passwordFile together',
    path: ['user'],
  })
  .refine(({ user, tls }) => user === undefined || tls !== 'none', {
    message: 'starttls or implicit: a password never goes in clear',
    path: ['tls'],
  });

type Settings = z.infer<typeof settings>;

const kind: NotifierKind<Settings> = {
  name: 'email',
  summary: 'E-mail by SMTP: plain text, the messages about one page in one thread; it takes notes.',
  settings,
  create(given, dependencies) {
    return notifierByMessage(dependencies, (message, context) =>
      send(given, dependencies, emailMessage(message, context, given), context.signal),
    );
  },
};

export default kind;

/**
 * Sends one letter and returns its Message-ID. It is the same letter at each try, so a repeat after a lost answer is dropped, or
 * shown once, by what files it (durability 11).
 */
async function send(
  given: Settings,
  dependencies: NotifierDependencies,
  letter: Letter,
  signal: AbortSignal,
): Promise<string> {
  const { createTransport } = await import('nodemailer');
  const { log, name } = dependencies;
  return repeatedly(signal, async (trySignal) => {
    const transport = createTransport(transportOptions(given, dependencies));
    try {
      const { rejected } = await transport.sendMail({ ...letter, signal: trySignal });
      if (rejected.length > 0) log.warn({ notifier: name, rejected }, 'the mail server refused some of the recipients');
      return { taken: letter.messageId };
    } catch (thrown) {
      return { error: emailError(thrown, trySignal, dependencies.place) };
    } finally {
      transport.close();
    }
  });
}

/** Each wait of a try is shorter than the try, which its signal ends. */
const WAIT_MS = 4000;

function transportOptions(
  { host, port, tls, caFile, user, passwordFile }: Settings,
  { place }: NotifierDependencies,
): SMTPTransportOptions {
  return {
    host,
    port: port ?? PORTS[tls],
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(caFile === undefined ? {} : { tls: { ca: readFileSync(caFile) } }),
    ...(user === undefined || passwordFile === undefined
      ? {}
      : { auth: { user, pass: readSecret(passwordFile, place('passwordFile')) } }),
    connectionTimeout: WAIT_MS,
    greetingTimeout: WAIT_MS,
    socketTimeout: WAIT_MS,
    dnsTimeout: WAIT_MS,
    // What a page says is text: it names no file or address to be attached.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
