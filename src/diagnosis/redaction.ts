import { createHmac } from 'node:crypto';
import { formsOf } from './secret-forms.ts';

/** Cuts secrets out of whatever leaves an activity. Equal secrets leave equal tags, so that two texts can be compared. */
export interface Redactor {
  /** The text with every secret replaced by `[cut:<tag>]`. Redacting twice changes nothing more. */
  redact(text: string): string;
  /** The value of a variable, key or field of this name, whole if the name says that it is secret. */
  redactNamed(name: string, value: string): string;
  /** The tag of a value: eight hexadecimal digits of its keyed hash (HMAC-SHA-256). */
  tag(value: string): string;
}

/** Words in a name that make its value a secret; and endings that make it none after all. */
const SECRET_NAME = `(?:pass(?:words?|wd|phrase)?|pwd|secrets?|token|api[_-]?key|access[_-]?key|private[_-]?key|secret[_-]?key|signing[_-]?key|encryption[_-]?key|master[_-]?key|account[_-]?key|credentials?|authorization|auth|cookie|jwt|sas|connection[_-]?string|conn[_-]?str|dsn|webhook)`;
const HARMLESS_END = `(?:ttl|limit|count|expiry|expires?(?:in|at)?|expiration|name|file|path|type|algorithm|issuer|length|size|timeout|header|enabled?|mode|method|required|version|provider|policy|scope|audience|id|ref|key[_-]?ref)`;
const NAMED_SECRET = new RegExp(`(?:^|[_.-]|(?=password|passwd|secret|token))${SECRET_NAME}(?:$|[_.-])`, 'i');
const HARMLESS_NAME = new RegExp(`[_.-]${HARMLESS_END}$`, 'i');
const CAMEL = /([a-z0-9])([A-Z])/g;

/** Whether a variable, key or field of this name holds a secret: REDIS_PASSWORD, apiKey, client-secret; not TOKEN_TTL. */
export function isSecretName(name: string): boolean {
  const parted = name.replace(CAMEL, '$1_$2');
  return NAMED_SECRET.test(parted) && !HARMLESS_NAME.test(parted);
}

/** What stands for a missing or shown-as-hidden value and is no secret. */
const NO_VALUE =
  /^(?:(?:undefined|null|none|nil|true|false|missing|required|empty|invalid|not|is|must|field|expected|unset|str|string|int|optional)(?=$|[\s.,;:"')\]}])|\*+$|\$\{?\w|<|\[?cut:[0-9a-f]{8}|%[sdv])/i;

interface Rule {
  pattern: RegExp;
  /** The whole match is replaced by `before` + tag(secret) + `after`; null leaves it as it is. */
  parts(found: string[]): { before: string; secret: string; after: string } | null;
}

/** `name<separator>value` where the name is in group 2, its lead in group 1, the separator in 3, the value in 4. */
const named = (pattern: RegExp): Rule => ({
  pattern,
  parts: ([, lead = '', name = '', separator = '', secret = '', after = '']) =>
    isSecretName(name) && !NO_VALUE.test(secret) ? { before: lead + name + separator, secret, after } : null,
});
/** The secret is group 2, what stays is group 1 before it and group 3 after it. */
const plain = (pattern: RegExp): Rule => ({
  pattern,
  parts: ([, before = '', secret = '', after = '']) => (NO_VALUE.test(secret) ? null : { before, secret, after }),
});
/** The whole match is the secret. */
const whole = (pattern: RegExp): Rule => ({ pattern, parts: ([secret = '']) => ({ before: '', secret, after: '' }) });

const NAME = String.raw`[A-Za-z_][\w.-]{0,80}`;

const RULES: readonly Rule[] = [
  // PEM (RFC 7468), on one line or many, whole or cut off at either end.
  plain(/(-----BEGIN [A-Z0-9 ]{1,40}-----)((?:(?!-----)[\s\S]){0,20000})(-----END [A-Z0-9 ]{1,40}-----)/g),
  plain(/(-----BEGIN [A-Z0-9 ]{1,40}-----(?:\\n|\s)?)((?:[^\n]{0,80}[A-Za-z0-9+/=]{40,100}(?:\n|$)){1,200})()/g),
  whole(/(?<=^|\s)(?![0-9a-f]{64}\r?$)(?:[A-Za-z0-9+/]{64}|[A-Za-z0-9+/]{76})(?=\r?$)/gm),
  // scheme://user:password@host (RFC 3986): greedy, since a password may hold @ and / unescaped.
  plain(/\b([a-z][a-z0-9+.-]{1,30}:\/\/[^\s:/@'"<>]{0,120}:)([^\s'"<>]{1,400})(@)/gi),
  // HTTP headers (RFC 9110) and their values anywhere.
  plain(
    /((?:\bproxy-|\b)authorization\b["'\\]{0,3}\s{0,3}[:=,]\s{0,3}["'\\[]{0,3})((?:(?:Bearer|Basic|Digest|Token|ApiKey|Negotiate)\s+)?[^\s"'\\,\]}]{3,4000})()/gi,
  ),
  plain(/(\b(?:set-)?cookie\b["'\\]{0,3}\s{0,3}[:=]\s{0,3}["'\\]{0,2})([^\r\n"'\\]{3,4000})()/gi),
  plain(
    /(\bx-(?:api-key|auth-token|access-token|vault-token|amz-security-token)\b["'\\]{0,3}\s{0,3}[:=,]\s{0,3}["'\\]{0,2})([^\s"'\\,]{3,2000})()/gi,
  ),
  plain(/(\bBearer\s+)([A-Za-z0-9._~+/-]{12,4000}=*)()/gi),
  plain(/(\bBasic\s+)((?=[a-z+/]{0,400}[A-Z0-9=])[A-Za-z0-9+/]{8,2000}={0,2})()/g),
  // Tokens that carry their kind in their own beginning.
  whole(/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.?[A-Za-z0-9_-]*/g),
  whole(/\b(?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{16}\b/g),
  whole(
    /\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|xox[abprs]-[\w-]{10,}|npm_[A-Za-z0-9]{36}|hf_[A-Za-z0-9]{30,}|dop_v1_\w{60,}|AIza[\w-]{35}|sk-[\w-]{20,}|(?:sk|rk|pk)_(?:live|test)_\w{16,}|SG\.[\w-]{20,}\.[\w-]{20,})/g,
  ),
  whole(/(?<=https:\/\/hooks\.slack\.com\/services\/)[\w/]{20,}/g),
  // Redis' AUTH in a client's dump of its command: 'AUTH', 'default', 'the password'.
  plain(/(["']AUTH["']\s{0,3},\s{0,3}(?:["'][^"'\n]{0,80}["']\s{0,3},\s{0,3})?["'])([^"'\n]{1,400})(["'])/gi),
  plain(/(\bIDENTIFIED BY\s+["'])([^"'\n]{1,400})(["'])/gi),
  plain(/(\b(?:requirepass|masterauth)\s+["']?)([^\s"']{1,400})()/gi),
  // Fields of JSON (also escaped inside a string), of Python's and Node's dumps.
  named(
    new RegExp(String.raw`(\\?["'])(${NAME})(\\?["']\s{0,3}:\s{0,3}\\?["'])((?:[^"'\\\n]|\\[^"'\n]){1,4000})`, 'g'),
  ),
  named(new RegExp(String.raw`()(\b${NAME})(\s{0,3}:\s{0,3}')([^'\n]{1,4000})`, 'g')),
  // NAME=value, --name value, name: value, ?name=value
  named(new RegExp(String.raw`()(\b${NAME})(\s?=\s?["'])([^"'\n]{1,4000})`, 'g')),
  named(new RegExp(String.raw`()(\b${NAME})(\s?=\s?)([^\s"'&,;)\]}]{1,4000})`, 'g')),
  named(new RegExp(String.raw`(?<=^|\s)(--?)(${NAME})(\s+)([^\s"'-][^\s"']{2,400})`, 'g')),
  named(new RegExp(String.raw`()(\b${NAME})(\s?:\s{1,3})([^\s"'{\[|>&][^\s"',}]{2,4000})`, 'g')),
];

/** Known values shorter than this are words of any text. */
const SHORTEST_KNOWN = 4;
const TAG = /^\[cut:[0-9a-f]{8}\]$/;

/**
 * Makes the one redaction of evidence, logs, events, specs, pages.
 * @param options.key KINTSUGI_REDACTION_KEY, for the tags
 * @param options.known secret values that were read from the cluster: cut wherever they appear, plain, URL-encoded, in JSON or base64
 */
export function createRedactor(options: { key: string; known?: Iterable<string> }): Redactor {
  const tag = (value: string): string => createHmac('sha256', options.key).update(value).digest('hex').slice(0, 8);
  const known = [...new Set(options.known)]
    .filter((value) => value.length >= SHORTEST_KNOWN)
    .flatMap((value) => formsOf(value).map((form) => ({ form, mark: `[cut:${tag(value)}]` })))
    .toSorted((a, b) => b.form.length - a.form.length);
  const cut = (value: string): string => (TAG.test(value) ? value : `[cut:${tag(value)}]`);
  const redact = (text: string): string => {
    let redacted = text;
    for (const { form, mark } of known) if (redacted.includes(form)) redacted = redacted.replaceAll(form, mark);
    for (const rule of RULES) redacted = apply(rule, redacted, cut);
    return redacted;
  };
  return {
    tag,
    redact,
    redactNamed: (name, value) => (value !== '' && isSecretName(name) ? cut(value) : redact(value)),
  };
}

function apply(rule: Rule, text: string, cut: (value: string) => string): string {
  return text.replace(rule.pattern, (match: string, ...rest: unknown[]) => {
    const parts = rule.parts([match, ...groupsOf(rest)]);
    return parts === null ? match : parts.before + cut(parts.secret) + parts.after;
  });
}

/** The groups of a match: what `replace` passes before the offset. */
function groupsOf(found: unknown[]): string[] {
  const offset = found.findIndex((argument) => typeof argument === 'number');
  return found.slice(0, offset).map((group) => (typeof group === 'string' ? group : ''));
}
