import type { Signature } from '../signature.ts';

/** Redis answers but has reached its own `maxmemory`: more memory for the client's pod would not help. */
export default {
  cause: 'redis-full',
  label: 'redis-connection-failure',
  patterns: [
    {
      regex: `command not allowed when used memory > '?"?maxmemory`,
      weight: 10,
      source: 'redis src/server.c shared.oomerr',
    },
    {
      regex: String.raw`redis(?:\.asyncio)?\.exceptions\.OutOfMemoryError`,
      weight: 10,
      language: 'python',
      source: 'redis-py redis/exceptions.py OutOfMemoryError',
    },
  ],
} satisfies Signature;
