/** How a registry wants to be asked: the parsed `WWW-Authenticate` header. */
export type Challenge = { scheme: 'basic' } | { scheme: 'bearer'; realm: string; service?: string; scope?: string };

/** Parses a `WWW-Authenticate` header (RFC 9110, 11.6.1); null if it names neither Basic nor Bearer with a realm. */
export function parseChallenge(header: string | null): Challenge | null {
  if (header === null) return null;
  const bearer = /(?:^|,)\s*Bearer\s+(.*)$/i.exec(header)?.[1];
  if (bearer !== undefined) {
    const parameters = new Map<string, string>();
    for (const [, name = '', quoted, bare] of bearer.matchAll(/(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g)) {
      parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '');
    }
    const realm = parameters.get('realm');
    if (realm !== undefined && URL.canParse(realm)) {
      const service = parameters.get('service');
      const scope = parameters.get('scope');
      return {
        scheme: 'bearer',
        realm,
        ...(service === undefined ? {} : { service }),
        ...(scope === undefined ? {} : { scope }),
      };
    }
  }
  return /(?:^|,)\s*Basic\b/i.test(header) ? { scheme: 'basic' } : null;
}
