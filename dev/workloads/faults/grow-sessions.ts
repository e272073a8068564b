import type { FaultContext } from './fault.ts';
import { agentBrunoPods, deletePods, inRedis } from './pods.ts';

/**
 * Ollama's whole context of 4096 tokens, which the program keeps with each session: 22 KB of JSON in Redis and 160 KB
 * as Python objects in the program.
 */
const TOKENS = 4096;
/** So many in one script of Redis, which answers nobody else meanwhile. */
const BATCH = 500;

const WRITE_SESSIONS = `
local context = {}
for i = 1, tonumber(ARGV[3]) do context[i] = 1000 + (i * 7919) % 127000 end
local rest = table.concat(context, ',')
for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  redis.call('SET', 'bruno:session:visitor-' .. i, '{"context":[' .. (128000 + i % 256) .. ',' .. rest .. ']}')
end`;

/**
 * Makes the sessions in Redis as many as given, and moves Agent Bruno's pods as the drain of a node would:
 * the program reads all sessions when it starts.
 */
export async function growSessions(context: FaultContext, sessions: number): Promise<void> {
  context.progress(`Redis: ${sessions} sessions with their whole context`);
  await inRedis(
    context,
    `from=1
    while [ $from -le ${sessions} ]; do
      to=$((from + ${BATCH - 1}))
      redis-cli -e EVAL '${WRITE_SESSIONS.replaceAll("'", `'"'"'`)}' 0 $from $to ${TOKENS} >/dev/null
      from=$((to + 1))
    done`,
    120,
  );
  context.progress("Agent Bruno's pods are moved");
  await deletePods(context, await agentBrunoPods(context));
}
