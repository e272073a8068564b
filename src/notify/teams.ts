import { z } from 'zod';
import type { Page } from '../recovery/escalation.ts';
import { addressIn } from './address.ts';
import { notifierByMessage } from './by-message.ts';
import type { MessageContext, NotifierKind } from './notifier.ts';
import type { PageMessage } from './page-message.ts';
import { postRepeatedly } from './post.ts';
import { readSecret } from './secret-file.ts';
import { envelopeOf } from './teams/card.ts';

/** Pages whose last news are remembered: far more than are open at one time. */
const REMEMBERED = 1000;

const settings = z.strictObject({
  urlFile: z
    .string()
    .min(1)
    .describe('A file with the address of the workflow "When a Teams webhook request is received"; it holds a token'),
});

const kind: NotifierKind<z.infer<typeof settings>> = {
  name: 'teams',
  summary:
    'A card in a Microsoft Teams channel or chat by its workflow; a new one for what matters, for none can be edited.',
  settings,
  create({ urlFile }, { name, place }) {
    const where = place('urlFile');
    const address = () => addressIn(readSecret(urlFile, where), where);
    address();
    const post = async (message: PageMessage, { signal }: MessageContext): Promise<void> => {
      const headers = { 'content-type': 'application/json' };
      const body = envelopeOf(message);
      const who = 'the Teams workflow';
      await postRepeatedly({ url: address(), headers, body, who, where, deduplicates: false }, signal);
    };
    const told = new Map<string, string>();
    const remember = (page: Page): void => {
      if (told.size >= REMEMBERED) told.clear();
      told.set(page.key, whatMatters(page));
    };
    return notifierByMessage({ name }, async (message, context) => {
      const { event, page } = message;
      // A workflow edits nothing: a card for every step would bury the page.
      if (event === 'update' && told.get(page.key) === whatMatters(page)) return undefined;
      await post(message, context);
      if (event === 'trigger' || event === 'update') remember(page);
      if (event === 'resolve') told.delete(page.key);
      return undefined;
    });
  },
};

export default kind;

/** Stages of an attempt that another follows soon. */
const ON_THE_WAY = ['planned', 'asked', 'approved', 'applying', 'applied', 'undoing'];

/**
 * What is worth a card of its own: what was found, and that there are steps; what stands changed, who has taken over, what became of
 * what was tried, what people noted.
 */
function whatMatters({ findings, steps, holds, kept, attempts, dataLoss, takenOver, notes = [] }: Page): string {
  const ended = attempts.filter(({ outcome }) => !ON_THE_WAY.includes(outcome));
  return JSON.stringify([
    [findings[0]?.key, steps.flatMap(({ id, pending }) => (pending ? [] : [id]))],
    [holds, kept, dataLoss, takenOver?.by, ended.map(({ remedy, outcome }) => [remedy, outcome])],
    notes.map(({ by, at }) => [by, at]),
  ]);
}
