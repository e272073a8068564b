import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach } from '@jest/globals';
import { createLogger } from '../../../src/log.ts';
import type { MessageContext, Notifier } from '../../../src/notify/notifier.ts';
import slack from '../../../src/notify/slack.ts';
import { messageContext } from '../contract.ts';
import { page } from '../pages.ts';
import { CHANNEL, type SlackStandIn, startSlack, TOKEN } from './stand-in.ts';

/** A file's Slack notifiers, each with a stand-in for Slack that is closed after its test. */
export interface Chats {
  /** Where secrets stand: the bot's token, which also signs, and one that Slack does not know. */
  tokenFile: string;
  otherTokenFile: string;
  notifierAt(apiUrl: string, settings?: object): Notifier;
  chat(settings?: object): Promise<{ standIn: SlackStandIn; notifier: Notifier }>;
  /** With buttons: the signing secret is set. */
  chatWithButtons(): Promise<{ standIn: SlackStandIn; notifier: Notifier }>;
}

export function chatsOfFile(): Chats {
  const folder = mkdtempSync(join(tmpdir(), 'kintsugi-slack-'));
  const tokenFile = join(folder, 'token');
  const otherTokenFile = join(folder, 'other-token');
  writeFileSync(tokenFile, `${TOKEN}\n`);
  writeFileSync(otherTokenFile, 'xoxb-2-revoked');
  afterAll(() => rmSync(folder, { recursive: true }));

  const standIns: SlackStandIn[] = [];
  afterEach(async () => {
    await Promise.all(standIns.splice(0).map((standIn) => standIn.close()));
  });

  const notifierAt: Chats['notifierAt'] = (apiUrl, settings = {}) => {
    const log = createLogger({ level: 'silent', component: 'test' });
    const parsed = slack.settings.parse({ tokenFile, channel: CHANNEL.name, apiUrl, ...settings });
    return slack.create(parsed, { name: 'chat', log, place: (setting) => `kintsugi.yaml: ${setting}` });
  };
  const chat: Chats['chat'] = async (settings = {}) => {
    const standIn = await startSlack();
    standIns.push(standIn);
    return { standIn, notifier: notifierAt(standIn.apiUrl, settings) };
  };
  return {
    tokenFile,
    otherTokenFile,
    notifierAt,
    chat,
    chatWithButtons: () => chat({ signingSecretFile: tokenFile }),
  };
}

/** The context of a message about the page of `pages.ts`. */
export function about(event: string, providerId?: string): MessageContext {
  return messageContext(`${page.key}/0/${event}`, providerId === undefined ? {} : { providerId });
}
