import { expect, test } from '@jest/globals';
import { KintsugiError } from '../../src/errors.ts';
import { repeatedly } from '../../src/notify/attempts.ts';

test('a time that ends between two tries ends them with what stood against the last one', async () => {
  const away = new KintsugiError('unavailable', 'it is away', { where: 'url', fix: 'look' });
  let tries = 0;
  const late = new AbortController();
  const sent = repeatedly(late.signal, async () => {
    tries += 1;
    // Once the pause has begun.
    setImmediate(() => late.abort());
    return { error: away };
  });
  await expect(sent).rejects.toBe(away);
  expect(tries).toBe(1);
});
