import type { Duplex } from 'node:stream';
import type { Answer } from './answer.ts';
import { Conversation } from './conversation.ts';
import { encodeCommand, parseReply, type Reply } from './resp.ts';

/** Who asks, as the application's own address says; none where it names nobody. */
export interface Login {
  username?: string;
  password?: string;
}

/**
 * Asks one Redis: AUTH as the application would, PING, and INFO for whether it can be written to. It changes nothing.
 * Wordings: https://github.com/redis/redis/blob/7.0/src/server.c (createSharedObjects) and src/acl.c.
 * @throws KintsugiError where it answered nothing that is RESP, or nothing in time
 */
export async function askRedis(stream: Duplex, login: Login | null, timeoutMs: number): Promise<Answer> {
  const conversation = new Conversation(stream, timeoutMs);
  const command = (...words: string[]): Promise<Reply> => conversation.ask(encodeCommand(words), parseReply);
  if (login?.password !== undefined) {
    const { username, password } = login;
    const admitted = await command('AUTH', ...(username === undefined ? [] : [username]), password);
    if ('error' in admitted) return notAdmitted(admitted.error);
  }
  const pong = await command('PING');
  if ('error' in pong) return pong.error.startsWith('NOAUTH') ? withoutPassword(login) : pingError(pong.error);
  const info = new Map<string, string>();
  for (const section of ['replication', 'memory', 'persistence', 'keyspace']) {
    const reply = await command('INFO', section);
    // A user without the right to INFO still reached a Redis that answers.
    if ('error' in reply) return { state: 'well', saw: `PONG; INFO is not allowed (${tidy(reply.error)})` };
    for (const [key, value] of fieldsOf(reply.text)) info.set(key, value);
  }
  return judge(info);
}

function notAdmitted(error: string): Answer {
  if (error.startsWith('LOADING')) return loading(error);
  return { state: 'denied', saw: `AUTH is refused: ${tidy(error)}` };
}

/** Whether it is the application's fault that no password was given is known only if its address was read. */
function withoutPassword(login: Login | null): Answer {
  if (login === null) return { state: 'well', saw: 'it answers, and asks for a password that was not given here' };
  return { state: 'denied', saw: 'NOAUTH: it asks for a password, and the address has none' };
}

function pingError(error: string): Answer {
  if (error.startsWith('LOADING')) return loading(error);
  if (/^(?:NOPERM|WRONGPASS|DENIED)/.test(error)) return { state: 'denied', saw: tidy(error) };
  return { state: 'failing', saw: `PING is answered with ${tidy(error)}` };
}

function loading(error: string): Answer {
  return { state: 'loading', saw: tidy(error) };
}

function judge(info: ReadonlyMap<string, string>): Answer {
  const role = info.get('role') ?? 'unknown';
  const saw = `PONG; role ${role}, ${memoryText(info)}`;
  if (info.get('loading') === '1') return { state: 'loading', saw: `${saw}; it is loading its data` };
  if (role === 'slave') {
    const link = info.get('master_link_status') ?? 'unknown';
    return { state: 'read-only', saw: `${saw}; a replica of ${info.get('master_host')}, link ${link}` };
  }
  if (isFull(info)) return { state: 'full', saw: `${saw}; it refuses writes` };
  if (info.get('aof_last_write_status') === 'err')
    return { state: 'failing', saw: `${saw}; its last write to the append-only file failed` };
  return { state: 'well', saw };
}

/**
 * Over its limit and with nothing that it may evict, every write is refused (`OOM command not allowed`).
 * https://redis.io/docs/latest/develop/reference/eviction/
 */
function isFull(info: ReadonlyMap<string, string>): boolean {
  const limit = Number(info.get('maxmemory') ?? 0);
  const used = Number(info.get('used_memory') ?? 0);
  if (!(limit > 0) || used < limit) return false;
  const policy = info.get('maxmemory_policy') ?? '';
  if (policy === 'noeviction') return true;
  const expiring = [...info].some(([key, value]) => /^db\d+$/.test(key) && !/\bexpires=0\b/.test(value));
  return policy.startsWith('volatile-') && !expiring;
}

function memoryText(info: ReadonlyMap<string, string>): string {
  const used = info.get('used_memory_human') ?? 'unknown';
  const limit = info.get('maxmemory');
  if (limit === undefined || limit === '0') return `${used} used, no limit of its own`;
  return `${used} of ${info.get('maxmemory_human') ?? limit} used, policy ${info.get('maxmemory_policy') ?? 'unknown'}`;
}

function fieldsOf(text: string): [string, string][] {
  return text
    .split('\r\n')
    .filter((line) => line.includes(':') && !line.startsWith('#'))
    .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]);
}

function tidy(error: string): string {
  return error.replace(/\s+/g, ' ').trim().slice(0, 160);
}
