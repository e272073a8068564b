import type { Notifier } from './notifier.ts';

/**
 * Who has a page, or may have it, as `default` writes it into what it returns as the provider's id: a line for each, `name/id` of
 * one that took it, then `?name` of one whose answer was lost.
 */

/** One of them; `id`: what its provider calls the page. */
export interface Taker {
  notifier: Notifier;
  took: boolean;
  id?: string;
}

export function takersIn(providerId: string, people: readonly Notifier[]): Taker[] {
  return providerId.split('\n').flatMap((line): Taker[] => {
    const [, doubt = '', name, id = ''] = /^(\??)([^/]+)\/?(.*)$/.exec(line) ?? [];
    const notifier = people.find((one) => one.name === name);
    // The configuration may have lost it since.
    if (notifier === undefined) return [];
    return [{ notifier, took: doubt === '', ...(id === '' ? {} : { id }) }];
  });
}

export function writtenTakers(takers: readonly Taker[]): string {
  const [sure, unsure] = [takers.filter(({ took }) => took), takers.filter(({ took }) => !took)];
  return [
    ...sure.map(({ notifier, id = '' }) => `${notifier.name}/${id.replaceAll('\n', ' ')}`),
    ...unsure.map(({ notifier }) => `?${notifier.name}`),
  ].join('\n');
}

/** Those of before and of now; what is known of one by now counts, but that it took the page stays so. */
export function withTakers(before: readonly Taker[], now: readonly Taker[]): Taker[] {
  const isKnown = ({ notifier, took }: Taker) => now.some((one) => one.notifier === notifier && (one.took || !took));
  const news = now.filter((one) => one.took || !before.some(({ notifier, took }) => took && notifier === one.notifier));
  return [...before.filter((one) => !isKnown(one)), ...news];
}
