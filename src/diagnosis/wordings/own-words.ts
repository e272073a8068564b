import type { SignaturePattern } from '../signature.ts';

const SOURCE = "wording that programs give their own message, as in the runbook's symptoms";
const SERVER = '(?: (?:server|cluster|store|cache|client|driver|database|db|master|broker|backend|api|service))?';
const CANNOT =
  "(?:could not|cannot|can't|can ?not|couldn't|failed to|unable to|error|failed|failure|failing|timeout|timed out)";
const REACH = '(?:connect(?:ing|ion)?|reach(?:ing)?|ping(?:ing)?|dial(?:ing)?|wait(?:ing)?|contact(?:ing)?)';
const DOWN = String.raw`(?:not (?:reachable|available|ready|respond\w*|connected|running|healthy|up\b|come up|become (?:ready|available|healthy|reachable)|answer\w*)|unavailable|unreachable|timed out|timeout\b|down\b)`;
const FAILED = '(?:error|failed|failure|unsuccessful|refused|timeout|timed out|lost|closed)';

/**
 * The words in which programs themselves say that a service does not answer: "could not connect to redis", "gave up waiting for
 * redis", "redis connection failed", "redis did not become ready".
 * @param names the names of the service as alternatives of an expression
 * @param unless words of the same report that speak of another cause: the service answers but refuses
 */
export function ownWords(names: string, unless: string): SignaturePattern[] {
  return [
    {
      regex: String.raw`${CANNOT}(?: \w+){0,2} ${REACH}(?: \w+){0,3}? (?:${names})`,
      weight: 7,
      unless,
      source: SOURCE,
    },
    {
      regex: String.raw`(?:giving up|gave up|give up|tired of|timeout|timed out|stopped)(?: \w+){0,2} (?:on|for|while|to)(?: \w+){0,2}? (?:${names})\b`,
      weight: 7,
      unless,
      source: SOURCE,
    },
    {
      regex: String.raw`(?:${names})${SERVER}(?: (?:connection|connect|ping|health ?check|startup check|request|call|warm-?up|check|dial)(?: \w+)? ${FAILED}| (?:is |was |has |did |does )?(?:still )?${DOWN})`,
      weight: 6,
      unless,
      source: SOURCE,
    },
    {
      regex: String.raw`\bwait(?:ing|ed|s)?(?: \w+){0,2} (?:for|on)(?: the)? (?:${names})\b|(?:${names})${SERVER} (?:is )?(?:not|isn't) (?:up|ready|there|available)(?: yet)?`,
      weight: 5,
      last: true,
      unless,
      source: SOURCE,
    },
  ];
}
