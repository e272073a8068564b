import type { Command } from 'commander';
import type { Listed } from '../temporal/listed.ts';
import { jsonOption } from './options.ts';
import { type JsonOption, printResult, table } from './output.ts';

/** `kintsugi list` */
export default function register(program: Command): void {
  program
    .command('list')
    .description('list the recoveries that are open on this cluster; no worker is needed')
    .option('--all', 'those that have ended too, as long as Temporal keeps them')
    .addOption(jsonOption())
    .action(list);
}

async function list(options: JsonOption & { all?: true }): Promise<void> {
  const { withFrontDoor } = await import('./front-door.ts');
  const recoveries = await withFrontDoor((door) => door.list(options.all === true ? {} : { open: true }));
  printResult(options, { recoveries }, () => listText(recoveries));
}

function listText(recoveries: Listed[]): string {
  if (recoveries.length === 0) return 'no recoveries';
  const heads = ['TARGET', 'RUNBOOK', 'PHASE', 'CAUSE', 'OUTCOME', 'OPENED', 'DEADLINE', 'SILENCED', 'ID'];
  const rows = recoveries.map(({ id, target, runbook, phase, cause, outcome, openedAt, deadline, silenced }) => [
    ...[target, runbook, phase, cause, outcome],
    ...[timeText(openedAt), timeText(deadline), silenced ?? null, id],
  ]);
  return table(heads, rows);
}

/** To the second; RFC 3339 without its fraction. */
function timeText(time: string | null): string | null {
  return time === null ? null : time.replace(/\.\d+Z$/, 'Z');
}
