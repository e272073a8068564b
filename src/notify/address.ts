import { z } from 'zod';
import { KintsugiError } from '../errors.ts';

/** An address of a provider that speaks HTTP. */
export const webAddress = z.url({ protocol: /^https?$/, error: 'an address that begins with http:// or https://' });

/**
 * The address that a secret's file holds.
 * @throws KintsugiError `invalid` without the content, which may hold a token
 */
export function addressIn(text: string, where: string): string {
  if (webAddress.safeParse(text).success) return text;
  throw new KintsugiError('invalid', 'the file holds no address', {
    where,
    fix: 'put an address that begins with http:// or https:// into it',
  });
}
