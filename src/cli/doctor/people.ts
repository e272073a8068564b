import type { Configuration } from '../../configuration/configuration.ts';
import { publicKeyOf } from '../../orders/sign.ts';
import { bad, type DoctorCheck, good } from './check.ts';

type Settings = Pick<Configuration, 'orderKey' | 'orderPublicKeys' | 'tokens'>;

/** Whether it is verified who gives orders: by tokens, and a key that gateway and worker share the halves of. */
export function peopleCheck({ orderKey, orderPublicKeys, tokens }: Settings, now: Date): DoctorCheck {
  const name = 'people';
  const expired = tokens.filter(({ expires }) => expires !== undefined && Date.parse(expires) <= now.getTime());
  const own = orderKey === undefined ? null : publicKeyOf(orderKey);
  if (own !== null && orderPublicKeys.length > 0 && !orderPublicKeys.includes(own)) {
    const fix = `add ${own} to KINTSUGI_ORDER_PUBLIC_KEY of the worker`;
    return bad(name, 'every order is unverified: the worker does not know the key that the gateway signs by', fix);
  }
  if (own === null && orderPublicKeys.length === 0) {
    const saw =
      'every order is unverified: no KINTSUGI_ORDER_KEY (gateway) or KINTSUGI_ORDER_PUBLIC_KEY (worker) is set';
    if (tokens.length === 0) return good(name, `${saw}, and no tokens are configured`);
    return bad(name, saw, 'make the two halves: kintsugi token order-key');
  }
  if (expired.length > 0) {
    const fix = 'take them out of the configuration, or make new ones: kintsugi token new';
    return bad(name, `tokens that have expired: ${expired.map((token) => token.name).join(', ')}`, fix);
  }
  if (tokens.length > 0) return good(name, `verified by ${tokens.length} ${tokens.length === 1 ? 'token' : 'tokens'}`);
  return good(name, 'the order key is set; no tokens are configured here, so nobody can order by the API');
}
