import type { Signature } from '../signature.ts';

/** The cluster's name service itself does not answer. A name of one dependency that is not found is attributed in `../connections.ts`. */
export default {
  cause: 'dns-failure',
  patterns: [
    {
      regex: ';; connection timed out; no servers could be reached',
      weight: 9,
      source: 'BIND dig and nslookup',
    },
    {
      regex: String.raw`lookup \S{1,200} on [\d.]+:53: (?:read udp .{0,80} )?(?:i/o timeout|connection refused|server misbehaving|no route to host)`,
      weight: 5,
      source: 'Go src/net/dnsclient_unix.go',
    },
  ],
} satisfies Signature;
