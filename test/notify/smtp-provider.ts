import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { Notifier } from '../../src/notify/notifier.ts';
import type { Meeting, Provider } from './contract.ts';

/** What the stand-in for a mail server wants. */
export interface SmtpContract {
  make(port: number): Notifier;
  /** What the letter breaks of the standards, in words; null if nothing. */
  violation(letter: SeenLetter): string | null;
  tls: 'starttls' | 'implicit' | 'none';
  /** Files of the certificate and its key. */
  pair: { certificate: string; key: string };
  login?: { user: string; password: string };
  /** Recipients that it refuses for good. */
  unknown?: string[];
}

/** One letter as it came over the wire. */
export interface SeenLetter {
  from: string;
  to: string[];
  secure: boolean;
  user: unknown;
  raw: string;
  /** Header names in lower case; folded lines are joined. */
  headers: { [name: string]: string };
  text: string;
}

export interface SmtpProvider extends Provider {
  letters: SeenLetter[];
}

const REPLIES: Partial<Record<Meeting, [number, string]>> = {
  overload: [451, '4.3.2 too busy, try again later'],
  fault: [451, '4.3.0 local error in processing'],
  refuse: [550, '5.7.1 we do not take this'],
};

/** A real SMTP server that stands in for a mail server (see {@link Provider}). */
export async function smtpProvider(contract: SmtpContract): Promise<SmtpProvider> {
  const letters: SeenLetter[] = [];
  const violations: string[] = [];
  const sockets = new Map<number | undefined, Socket>();
  let meetings: Meeting[] = ['take'];
  let meeting: Meeting = 'take';
  const destroy = ({ remotePort }: SMTPServerSession) => sockets.get(remotePort)?.destroy();

  const server = new SMTPServer({
    secure: contract.tls === 'implicit',
    disabledCommands: contract.tls === 'starttls' ? [] : ['STARTTLS'],
    cert: readFileSync(contract.pair.certificate),
    key: readFileSync(contract.pair.key),
    authOptional: contract.login === undefined,
    disableReverseLookup: true,
    onAuth({ username, password }, _session, callback) {
      const { user, password: expected } = contract.login ?? {};
      if (username === user && password === expected) callback(null, { user: username });
      else callback(Object.assign(new Error('5.7.8 wrong credentials'), { responseCode: 535 }));
    },
    onMailFrom(_address, session, callback) {
      meeting = (meetings.length > 1 ? meetings.shift() : meetings[0]) ?? 'take';
      if (meeting === 'reset') destroy(session);
      else callback();
    },
    onRcptTo({ address }, _session, callback) {
      if (contract.unknown?.includes(address) === true)
        callback(Object.assign(new Error('5.1.1 no such user'), { responseCode: 550 }));
      else callback();
    },
    async onData(stream, session, callback) {
      const met = meeting;
      const letter = await readLetter(stream, session);
      letters.push(letter);
      const violation = contract.violation(letter);
      if (violation !== null) violations.push(violation);
      if (met === 'hang') return;
      if (met === 'lost') return void destroy(session);
      const [responseCode, reply] = REPLIES[met] ?? (violation === null ? [250, ''] : [554, violation]);
      callback(responseCode === 250 ? null : Object.assign(new Error(reply), { responseCode }));
    },
  });
  // A connection that breaks is what the tests are about.
  server.on('error', () => undefined);
  server.server.on('connection', (socket: Socket) => sockets.set(socket.remotePort, socket));
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  return {
    notifier: contract.make(port),
    letters,
    meet: (...given) => {
      meetings = given;
    },
    seen: () => letters.map(({ headers }) => headers['message-id'] ?? ''),
    violations: () => violations,
    close: async () => {
      for (const socket of sockets.values()) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function readLetter(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<SeenLetter> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const raw = Buffer.concat(chunks).toString('utf8');
  const [head = '', ...rest] = raw.split('\r\n\r\n');
  const lines = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const { mailFrom, rcptTo } = session.envelope;
  return {
    from: mailFrom === false ? '' : mailFrom.address,
    to: rcptTo.map(({ address }) => address),
    secure: session.secure,
    user: session.user,
    raw,
    headers,
    text: decoded(rest.join('\r\n\r\n'), headers['content-transfer-encoding']),
  };
}

function decoded(body: string, encoding: string | undefined): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8').replaceAll('\r\n', '\n');
  if (encoding !== 'quoted-printable') return body.replaceAll('\r\n', '\n');
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8').replaceAll('\r\n', '\n');
}
