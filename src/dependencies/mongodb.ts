import type { Duplex } from 'node:stream';
import type { Answer } from './answer.ts';
import type { BsonDocument, BsonValue } from './bson.ts';
import { Conversation } from './conversation.ts';
import { encodeMessage, parseMessage } from './op-msg.ts';
import type { Login } from './redis.ts';
import { type Mechanism, scramClient } from './scram.ts';

/** Who asks, and in which database their user is kept. */
export interface MongoLogin extends Login {
  source: string;
  /** The address's `authMechanism`; by default what the server offers. */
  mechanism?: string;
}

type Command = (command: BsonDocument) => Promise<BsonDocument>;

/** Error codes: https://github.com/mongodb/mongo/blob/r7.0.0/src/mongo/base/error_codes.yml */
const UNAUTHORIZED = 13;

/**
 * Asks one MongoDB: `hello`, and a login as the application would. It changes nothing.
 * https://www.mongodb.com/docs/manual/reference/command/hello/
 * @throws KintsugiError where it answered nothing that is MongoDB's, or nothing in time
 */
export async function askMongo(stream: Duplex, login: MongoLogin | null, timeoutMs: number): Promise<Answer> {
  const conversation = new Conversation(stream, timeoutMs);
  let id = 0;
  const command: Command = (document) => {
    id += 1;
    return conversation.ask(encodeMessage(id, document), parseMessage);
  };
  const user = login?.username === undefined ? {} : { saslSupportedMechs: `${login.source}.${login.username}` };
  const hello = await command({ hello: 1, ...user, $db: 'admin' });
  if (!isOk(hello)) return { state: 'failing', saw: `hello is answered with ${errorText(hello)}` };
  const saw = `hello; ${roleText(hello)}`;
  if (login?.password !== undefined) {
    const refusal = await logIn(command, login, hello);
    if (refusal !== null) return { ...refusal, saw: `${saw}; ${refusal.saw}` };
  }
  if (login !== null) {
    const ping = await command({ ping: 1, $db: 'admin' });
    if (numberOf(ping.code) === UNAUTHORIZED) return { state: 'denied', saw: `${saw}; ping: ${errorText(ping)}` };
  }
  const writable = hello.isWritablePrimary ?? hello.ismaster;
  return { state: writable === true ? 'well' : 'read-only', saw };
}

/** The login's refusal, or null when it was let in or cannot be tried. */
async function logIn(command: Command, login: MongoLogin, hello: BsonDocument): Promise<Answer | null> {
  const mechanism = mechanismFor(login, hello);
  if (mechanism === null) return null;
  const client = scramClient(mechanism, login);
  const start = await command({
    saslStart: 1,
    mechanism,
    payload: Buffer.from(client.first),
    options: { skipEmptyExchange: true },
    $db: login.source,
  });
  if (!isOk(start)) return refused(start);
  const challenge = start.payload;
  const proof = proofOf(client, Buffer.isBuffer(challenge) ? challenge.toString('utf8') : '');
  if (proof === null) return null;
  const end = await command({
    saslContinue: 1,
    conversationId: numberOf(start.conversationId),
    payload: Buffer.from(proof),
    $db: login.source,
  });
  return isOk(end) ? null : refused(end);
}

/** What the server sent was no SCRAM: then nothing is known of the password. */
function proofOf(client: ReturnType<typeof scramClient>, challenge: string): string | null {
  try {
    return client.final(challenge);
  } catch (thrown) {
    if (thrown instanceof RangeError) return null;
    throw thrown;
  }
}

/** As the drivers choose: SHA-256 where the user may, else SHA-1; other mechanisms are not tried. */
function mechanismFor({ mechanism }: MongoLogin, hello: BsonDocument): Mechanism | null {
  if (mechanism === 'SCRAM-SHA-256' || mechanism === 'SCRAM-SHA-1') return mechanism;
  if (mechanism !== undefined) return null;
  const offered = Array.isArray(hello.saslSupportedMechs) ? hello.saslSupportedMechs : [];
  return offered.includes('SCRAM-SHA-256') ? 'SCRAM-SHA-256' : 'SCRAM-SHA-1';
}

function refused(reply: BsonDocument): Answer {
  return { state: 'denied', saw: `the login is refused: ${errorText(reply)}` };
}

function isOk({ ok }: BsonDocument): boolean {
  return ok === 1 || ok === true;
}

function numberOf(value: BsonValue | undefined): number {
  return typeof value === 'number' ? value : 0;
}

function errorText({ codeName, code, errmsg }: BsonDocument): string {
  return `${codeName ?? code ?? 'an error'} (${errmsg ?? 'no message'})`.replace(/\s+/g, ' ').slice(0, 200);
}

function roleText(hello: BsonDocument): string {
  if (hello.setName === undefined) return 'a server of its own';
  const role = hello.isWritablePrimary === true ? 'primary' : hello.secondary === true ? 'secondary' : 'neither';
  return `replica set ${String(hello.setName)}, ${role}`;
}
