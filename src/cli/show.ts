import type { Command } from 'commander';
import type { KintsugiError } from '../errors.ts';
import type { StoredRecovery } from '../temporal/recoveries.ts';
import type { RecordAnswer } from '../workflows/recovery.ts';
import { eventLine } from './event-line.ts';
import { EXIT } from './exit-codes.ts';
import type { RecoverySource } from './follow.ts';
import { ID_ARGUMENT, jsonOption } from './options.ts';
import { type JsonOption, printLine, printResult, say } from './output.ts';
import { recordSummary } from './record-summary.ts';
import { clockTime } from './sentences.ts';

/** `kintsugi show ID` */
export default function register(program: Command): void {
  program
    .command('show')
    .description('show one recovery: how it stands, and what has happened')
    .argument('<id>', ID_ARGUMENT)
    .option('-f, --follow', 'go on showing what happens until it is closed; Ctrl-C leaves it running')
    .addOption(jsonOption())
    .action(show);
}

async function show(id: string, options: JsonOption & { follow?: true }): Promise<void> {
  const { withFrontDoor } = await import('./front-door.ts');
  await withFrontDoor(async ({ find, source }) => {
    const { stored, answer } = await find(id);
    if ('error' in answer) showStored(stored, answer.error, options);
    // What has ended will not go on.
    else if (options.follow === true && stored.status === 'RUNNING') await follow(source, stored, options);
    else showAnswer(stored, answer, options);
  });
}

/** The record's own fields, the events beside them. A run that Temporal ended tells so. */
function showAnswer({ status }: StoredRecovery, { record, events }: RecordAnswer, options: JsonOption): void {
  printResult(options, { ...record, status, events }, () => {
    const lines = events.flatMap((event) => {
      const text = eventLine(event);
      return text === null ? [] : [`  ${clockTime(event.at)}  ${text}`];
    });
    const ended = status === 'RUNNING' || record.closed !== null ? [] : [`  Temporal   ${status.toLowerCase()}`];
    return [recordSummary(record), ...ended, '', ...lines].join('\n');
  });
}

/** What Temporal alone knows, when no worker answers. */
function showStored(recovery: StoredRecovery, error: KintsugiError, options: JsonOption): void {
  const { code, message, where, fix } = error;
  printResult(options, { error: { code, message, where, fix }, stored: recovery }, () => storedText(recovery));
  if (options.json !== true) say(`${message} (${where}): shown is what Temporal alone knows; ${fix}`);
  process.exitCode = EXIT.unreachable;
}

function storedText(recovery: StoredRecovery): string {
  const { id, target, runbook, phase, cause, outcome, status, openedAt, closedAt } = recovery;
  const rows: [string, string | null][] = [
    ['recovery', id],
    ['runbook', runbook],
    ['phase', phase],
    ['cause', cause],
    ['outcome', outcome],
    ['Temporal', status.toLowerCase()],
    ['opened', openedAt],
    ['closed', closedAt],
  ];
  const known = rows.filter(([, value]) => value !== null);
  return [target ?? recovery.workflowId, ...known.map(([name, value]) => `  ${name.padEnd(10)} ${value}`)].join('\n');
}

async function follow(source: RecoverySource, recovery: StoredRecovery, options: JsonOption): Promise<void> {
  const { followRecovery } = await import('./follow.ts');
  const { jsonView, liveView } = await import('./live-view.ts');
  const view = (options.json === true ? jsonView : liveView)(process.stdout, ({ closed }) => closed !== null);
  const { record } = await followRecovery(source, recovery.workflowId, view);
  view.end();
  printLine(options, { record }, null);
}
