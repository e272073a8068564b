/** The address of a dependency as a variable of the application holds it. It may hold a password: never to leave an activity. */
export interface Address {
  scheme: string;
  username?: string;
  password?: string;
  hosts: { host: string; port?: number }[];
  /** Without the leading slash: Redis' database number, MongoDB's database. */
  path: string;
  parameters: ReadonlyMap<string, string>;
  /** User or password hold characters that must be percent-encoded: clients then read another host out of it, or refuse it. */
  unescaped: boolean;
}

/**
 * Reads an address as it was meant, also where its password is not escaped; null for what is none.
 * RFC 3986, section 3.2: user and password end at the last `@` before the path; `/ ? # [ ] @` in them must be percent-encoded.
 * (pymongo and the drivers of MongoDB refuse an unescaped `:` too; Redis' clients take it.)
 */
export function parseAddress(text: string): Address | null {
  const found = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text.trim());
  const [, scheme = '', rest = ''] = found ?? [];
  if (found === null || rest === '') return null;
  const { userinfo, after } = split(scheme.toLowerCase(), rest);
  const [, places = '', path = '', query = ''] = /^([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?/.exec(after) ?? [];
  const colon = userinfo?.indexOf(':') ?? -1;
  const username = userinfo === null ? '' : decoded(colon < 0 ? userinfo : userinfo.slice(0, colon));
  const password = userinfo === null || colon < 0 ? '' : decoded(userinfo.slice(colon + 1));
  return {
    scheme: scheme.toLowerCase(),
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    hosts: places
      .split(',')
      .filter((place) => place !== '')
      .map(placeOf),
    path,
    parameters: new Map(new URLSearchParams(query)),
    unescaped: userinfo !== null && isUnescaped(scheme.toLowerCase(), userinfo),
  };
}

/** User and password, as they were meant, and what comes after their `@`. */
function split(scheme: string, rest: string): { userinfo: string | null; after: string } {
  const query = rest.search(/\?[A-Za-z]+=/);
  const head = query < 0 ? rest : rest.slice(0, query);
  // A path of the web may hold an `@`; a database's name does not, so there all before the last one was meant as the password.
  const reach = scheme.startsWith('http') ? (/^[^/?#]*/.exec(head)?.[0] ?? '') : head;
  const at = reach.lastIndexOf('@');
  return at < 0 ? { userinfo: null, after: rest } : { userinfo: rest.slice(0, at), after: rest.slice(at + 1) };
}

function isUnescaped(scheme: string, userinfo: string): boolean {
  if (/[/?#[\]@]/.test(userinfo) || /%(?![0-9a-f]{2})/i.test(userinfo)) return true;
  return scheme.startsWith('mongodb') && userinfo.split(':').length > 2;
}

function placeOf(place: string): { host: string; port?: number } {
  const found = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(place);
  const port = found?.[2];
  return { host: found?.[1] ?? place, ...(port === undefined ? {} : { port: Number(port) }) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether the client is to speak TLS. */
export function usesTls({ scheme, parameters }: Address): boolean {
  if (scheme === 'rediss' || scheme === 'https') return true;
  if (!scheme.startsWith('mongodb')) return false;
  const said = parameters.get('tls') ?? parameters.get('ssl');
  return said === undefined ? scheme === 'mongodb+srv' : said === 'true';
}
