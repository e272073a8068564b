import type { Finding } from '../../recovery/values.ts';
import type { Evidence } from '../evidence.ts';
import { finding } from '../finding.ts';

/** How resolvers of all languages say that there is no such name (getaddrinfo's EAI_NONAME, Go's net, Java's UnknownHostException). */
export const UNRESOLVED =
  /name or service not known|temporary failure in name resolution|nodename nor servname|ENOTFOUND|EAI_AGAIN|no such host|UnknownHostException|NXDOMAIN|bad address|could not resolve|getaddrinfo/i;

/** A finding about a name that was not found, with the variable that holds it and the Service that is not there. */
export function withMissingName({ names }: Evidence, entry: Finding): Finding {
  if (entry.container === undefined || !entry.quotes.some(({ text }) => UNRESOLVED.test(text))) return entry;
  const missing = names.filter(({ found, from }) => !found && from.endsWith(` of ${entry.container}`));
  const first = missing.find(({ host }) => entry.subject?.startsWith(host)) ?? missing[0];
  if (first === undefined) return entry;
  const { host, service, namespace, from, near } = first;
  const mend = near === undefined ? undefined : `Did you mean ${near}?`;
  const why = `namespace ${namespace} has no Service ${service}`;
  const quotes = [
    ...entry.quotes.slice(0, 4),
    { source: from, text: [`${host}: ${why}.`, mend].filter(Boolean).join(' ') },
  ];
  if (entry.cause !== 'dns-failure') return { ...entry, quotes };
  const summary = `${entry.container} cannot resolve ${host} (${from}): ${why}.`;
  return finding({ ...entry, cause: 'dns-failure', subject: entry.subject ?? host, summary, mend, quotes });
}
