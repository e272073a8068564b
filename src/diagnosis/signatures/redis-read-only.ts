import type { Signature } from '../signature.ts';

/** Redis answers but takes no writes: a replica, or a server that cannot save. */
export default {
  cause: 'redis-read-only',
  label: 'redis-connection-failure',
  patterns: [
    {
      regex: "You can't write against a read only (?:replica|slave)",
      weight: 10,
      source: 'redis src/server.c shared.roslaveerr',
    },
    {
      regex: String.raw`redis(?:\.asyncio)?\.exceptions\.ReadOnlyError`,
      weight: 10,
      language: 'python',
      source: 'redis-py redis/exceptions.py ReadOnlyError',
    },
    {
      regex: 'MISCONF Redis is configured to save RDB snapshots|MISCONF Errors writing to the AOF file',
      weight: 10,
      source: 'redis src/server.c shared.bgsaveerr and writeCommandsDeniedByDiskError',
    },
    {
      regex: 'NOREPLICAS Not enough good replicas to write',
      weight: 10,
      source: 'redis src/server.c shared.noreplicaserr',
    },
  ],
} satisfies Signature;
