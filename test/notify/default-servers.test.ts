import { afterEach, describe, expect, test } from '@jest/globals';
import { createLogger } from '../../src/log.ts';
import { createDefaultNotifier } from '../../src/notify/default.ts';
import { type Notifier, PartlyTaken } from '../../src/notify/notifier.ts';
import webhook from '../../src/notify/webhook.ts';
import { messageContext } from './contract.ts';
import { type HttpProvider, httpProvider } from './http-provider.ts';
import { answer, approval, page } from './pages.ts';

/** The notifier `default` over servers that hang, refuse and take. */

const log = createLogger({ level: 'silent', component: 'test' });
const closing: HttpProvider[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((provider) => provider.close()));
});

/** A webhook by that name, with its server. */
async function server(name: string): Promise<HttpProvider> {
  const provider = await httpProvider({
    make: (url) => webhook.create(webhook.settings.parse({ url }), { name, log, place: (setting) => setting }),
    violation: () => null,
    identity: ({ body }) => JSON.parse(body).event,
    take: (_request, response) => response.writeHead(200).end(JSON.stringify({ id: `of ${name}` })),
  });
  closing.push(provider);
  return provider;
}

/** Three of them, for as many as a test needs. */
function servers(): Promise<[HttpProvider, HttpProvider, HttpProvider]> {
  return Promise.all([server('first'), server('second'), server('third')]);
}

const orderOf = (...providers: HttpProvider[]): Notifier =>
  createDefaultNotifier(providers.map(({ notifier }) => notifier));

const context = (event: string, providerId?: string) =>
  messageContext(`${page.key}/${event}`, providerId === undefined ? {} : { providerId });

describe('the notifier default', () => {
  test('of three asks the other two where the first hangs', async () => {
    const [first, second, third] = await servers();
    first.meet('hang');
    second.meet('refuse');
    const { providerId } = await orderOf(first, second, third).trigger(page, context('0/trigger'));
    expect(providerId).toMatch(/^third\//);
    expect(third.seen()).toEqual(['trigger']);
  }, 20_000);

  test('that nobody takes in time says what stood against each, as an error of its own', async () => {
    const [first, second, third] = await servers();
    for (const one of [first, second, third]) one.meet('hang');
    await expect(orderOf(first, second, third).trigger(page, context('0/trigger'))).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(/first: .*second: .*third: /),
    });
  }, 20_000);

  test('asks the others at a later rung where the one that has the page is down', async () => {
    const [first, second] = await servers();
    const made = orderOf(first, second);
    const { providerId } = await made.trigger(page, context('0/trigger'));
    first.meet('refuse');
    const later = await made.trigger(page, context('1/trigger', providerId));
    expect([first.seen(), second.seen()]).toEqual([['trigger', 'trigger'], ['trigger']]);
    first.meet('take');
    await made.update(page, context('update', later.providerId));
    await made.acknowledge?.(page, 'ana', context('acknowledge', later.providerId));
    await made.resolve(page, 'healthy', context('resolve', later.providerId));
    const news = ['trigger', 'update', 'acknowledge', 'resolve'];
    expect([first.seen(), second.seen()]).toEqual([['trigger', ...news], news]);
  });

  test('asks first, at a later rung, the one that has the page', async () => {
    const [first, second] = await servers();
    const made = orderOf(first, second);
    first.meet('refuse');
    const { providerId } = await made.trigger(page, context('0/trigger'));
    first.meet('take');
    expect(await made.trigger(page, context('1/trigger', providerId))).toEqual({ providerId });
    expect([first.seen(), second.seen()]).toEqual([['trigger'], ['trigger', 'trigger']]);
  });

  test('tells the end also to one whose answer was lost', async () => {
    const [first, second] = await servers();
    const made = orderOf(first, second);
    first.meet('hang');
    const { providerId } = await made.trigger(page, context('0/trigger'));
    const question = await made.ask(page, approval, context('approval'));
    first.meet('take');
    await made.update(page, context('update', providerId));
    await made.resolve(page, 'healthy', context('resolve', providerId));
    await made.answered(page, approval, answer, context('answered', question.providerId));
    expect(first.seen().filter((event) => event !== 'trigger' && event !== 'approval')).toEqual([
      'resolve',
      'answered',
    ]);
    expect(second.seen()).toEqual(['trigger', 'approval', 'update', 'resolve', 'answered']);
  }, 60_000);

  test('says that some were not told that it is over, and tells those alone the next time', async () => {
    const [first, second] = await servers();
    const made = orderOf(first, second);
    const both = 'first/of first\nsecond/of second';
    first.meet('refuse');
    const sent = made.resolve(page, 'healthy', context('resolve/7', both));
    await expect(sent).rejects.toThrow(PartlyTaken);
    await expect(sent).rejects.toThrow(/^first: /);
    first.meet('take');
    await made.resolve(page, 'healthy', context('resolve/9', both));
    expect([first.seen(), second.seen()]).toEqual([['resolve', 'resolve'], ['resolve']]);
    await made.resolve(page, 'healthy', context('resolve/11', both));
    expect(second.seen()).toEqual(['resolve', 'resolve']);
  });
});
