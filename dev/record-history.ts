import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

/**
 * `node dev/record-history.ts ADDRESS WORKFLOW-ID FILE`: keeps the history of a real recovery as a file, for
 * test/workflows/replay.test.ts to replay for ever.
 */
const [address, workflowId, file] = process.argv.slice(2);
if (address === undefined || workflowId === undefined || file === undefined) {
  process.stderr.write('usage: node dev/record-history.ts ADDRESS WORKFLOW-ID FILE\n');
  process.exit(2);
}
const connection = await Connection.connect({ address });
const history = await new Client({ connection }).workflow.getHandle(workflowId).fetchHistory();
// Replay compares an activity's type and id with what the workflow asks for, never its input, which is most of a history's size.
for (const { activityTaskScheduledEventAttributes: scheduled } of history.events ?? []) {
  if (scheduled) scheduled.input = null;
}
mkdirSync(dirname(file), { recursive: true });
// The name of the machine that it was recorded on says nothing about the recovery.
writeFileSync(file, `${historyToJSON(history).replaceAll(hostname(), 'host')}\n`);
await connection.close();
process.stdout.write(`${history.events?.length ?? 0} events of ${workflowId} in ${file}\n`);
