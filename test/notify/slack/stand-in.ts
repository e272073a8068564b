import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { type SeenRequest, startServer } from '../../http/server.ts';
import { type Block, blocksSchema, isTooLong } from './blocks.ts';

/** One message as Slack keeps it. */
export interface KeptMessage {
  channel: string;
  ts: string;
  text: string;
  blocks: Block[];
  threadTs?: string;
  edits: number;
}

/** How one request is met; `lost`: Slack takes the message, and its answer never arrives. */
export type Met =
  | 'take'
  | 'hang'
  | 'reset'
  | 'lost'
  | { status: number; retryAfter?: string; body?: string }
  | { error: string };

/** Slack's Web API as it is documented, as far as pages need it: it refuses what Slack refuses. */
export interface SlackStandIn {
  apiUrl: string;
  /** The address that the press of a button of this message names for its answers. */
  responseUrl(ts: string): string;
  /** The address of a message for people. */
  permalink(ts: string): string;
  /** What was said there to the member alone. */
  told: string[];
  messages: KeptMessage[];
  /** The errors that were answered to what broke the documentation. */
  refused: string[];
  /** The requests that were read whole. */
  requests: SeenRequest[];
  /** How the next requests are met, in turn; the last holds for all that follow. */
  meet(...given: Met[]): void;
  close(): Promise<void>;
}

export const TOKEN = 'xoxb-1-stand-in';
export const CHANNEL = { id: 'C0PAGES', name: 'pages' };

export async function startSlack(): Promise<SlackStandIn> {
  const messages: KeptMessage[] = [];
  const told: string[] = [];
  const refused: string[] = [];
  const requests: SeenRequest[] = [];
  let meetings: Met[] = ['take'];
  const server = await startServer((request, response) => {
    if (request.path.startsWith(RESPONSE)) return void send(response, respond(request, told));
    const met = (meetings.length > 1 ? meetings.shift() : meetings[0]) ?? 'take';
    if (met !== 'reset') requests.push(request);
    meetBy(met, response, () => {
      const answer = answerTo(request, messages);
      if ('error' in answer) refused.push(`${answer.error} ${JSON.stringify(answer)}`);
      return answer;
    });
  });
  return {
    apiUrl: `${server.url}/api/`,
    responseUrl: (ts) => `${server.url}${RESPONSE}${ts}`,
    permalink: permalinkOf,
    told,
    messages,
    refused,
    requests,
    meet: (...given) => {
      meetings = given;
    },
    close: () => server.close(),
  };
}

function permalinkOf(ts: string): string {
  return `https://team.slack.example/archives/${CHANNEL.id}/p${ts.replace('.', '')}`;
}

const RESPONSE = '/actions/T0TEAM/';

const responseSchema = z.strictObject({
  response_type: z.literal('ephemeral'),
  replace_original: z.literal(false),
  text: z.string().min(1),
});

/** The answer to a button: a word to the member alone. */
function respond({ body }: SeenRequest, told: string[]): object {
  told.push(responseSchema.parse(JSON.parse(body)).text);
  return { ok: true };
}

function meetBy(met: Met, response: ServerResponse, answer: () => object): void {
  if (met === 'hang') return;
  if (met === 'take' || met === 'lost') {
    const answered = answer();
    if (met === 'take') return void send(response, answered);
  }
  if (met === 'lost' || met === 'reset') response.socket?.destroy();
  else if ('error' in met) send(response, { ok: false, error: met.error });
  else {
    const { status, retryAfter, body = '' } = met;
    response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end(body);
  }
}

/** Slack answers 200 to what it refuses too. */
function send(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function answerTo(request: SeenRequest, messages: KeptMessage[]): object {
  const refuse = (error: string, detail?: unknown) => ({ ok: false, error, detail });
  if (request.headers.authorization !== `Bearer ${TOKEN}`) return refuse('invalid_auth');
  const form = Object.fromEntries(new URLSearchParams(request.body));
  const { channel = '', text = '', thread_ts: threadTs } = form;
  const isUpdate = request.path === '/api/chat.update';
  if (request.path === '/api/chat.getPermalink') {
    if (channel !== CHANNEL.id) return refuse('channel_not_found');
    if (!messages.some(({ ts }) => ts === form.message_ts)) return refuse('message_not_found');
    return { ok: true, channel, permalink: permalinkOf(form.message_ts ?? '') };
  }
  if (!isUpdate && request.path !== '/api/chat.postMessage') return refuse('unknown_method');
  // An edit takes the id alone; a post takes a name too.
  const isNamed = channel === CHANNEL.id || (!isUpdate && channel.replace(/^#/, '') === CHANNEL.name);
  if (!isNamed) return refuse('channel_not_found');
  const parsed = blocksSchema.safeParse(JSON.parse(form.blocks ?? '[]'));
  if (!parsed.success) return refuse('invalid_blocks', parsed.error.issues);
  if (isTooLong(parsed.data)) return refuse('msg_blocks_too_long');
  if (text === '' || text.length > 4000) return refuse('no_text');
  const content = { text, blocks: parsed.data };
  const known = messages.find(({ ts }) => ts === (isUpdate ? form.ts : threadTs));
  if (isUpdate) {
    if (known === undefined) return refuse('message_not_found');
    Object.assign(known, { ...content, edits: known.edits + 1 });
    return { ok: true, channel: CHANNEL.id, ts: known.ts };
  }
  if (threadTs !== undefined && known === undefined) return refuse('thread_not_found');
  // After the last one: a test may take messages away, as people do.
  const ts = `${Math.floor(Number(messages.at(-1)?.ts ?? 1_699_999_999)) + 1}.000100`;
  const thread = threadTs === undefined ? {} : { threadTs };
  messages.push({
    channel: CHANNEL.id,
    ts,
    ...content,
    ...thread,
    edits: 0,
  });
  return { ok: true, channel: CHANNEL.id, ts };
}
