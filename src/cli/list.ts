import type { Command } from 'commander';
import type { Session, StoredRecovery } from '../temporal/recoveries.ts';
import { jsonOption } from './options.ts';
import { type JsonOption, printResult, table } from './output.ts';

/** How long a worker may take to add the deadlines, which Temporal alone does not know. */
const DEADLINES_WITHIN_MS = 2_000;

/** One line of the list; `deadline` is null if the recovery is closed or no worker told it. */
interface Listed {
  id: string;
  target: string | null;
  runbook: string;
  phase: string | null;
  cause: string | null;
  outcome: string | null;
  openedAt: string;
  deadline: string | null;
}

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
  const { listRecoveries } = await import('../temporal/recoveries.ts');
  const { withTemporal } = await import('./with-temporal.ts');
  const recoveries = await withTemporal(async (session) => {
    const stored = await listRecoveries(session, { all: options.all ?? false });
    return Promise.all(stored.map((recovery) => listed(session, recovery)));
  });
  printResult(options, { recoveries }, () => listText(recoveries));
}

async function listed(session: Session, recovery: StoredRecovery): Promise<Listed> {
  const { id, target, runbook, phase, cause, openedAt } = recovery;
  const deadline = recovery.status === 'RUNNING' ? await deadlineOf(session, recovery) : null;
  return { id, target, runbook, phase, cause, outcome: outcomeOf(recovery), openedAt, deadline };
}

/** A run that ended without its own outcome (terminated, failed) has Temporal's word for it. */
function outcomeOf({ outcome, status }: StoredRecovery): string | null {
  return outcome ?? (status === 'RUNNING' || status === 'COMPLETED' ? null : status.toLowerCase());
}

async function deadlineOf(session: Session, recovery: StoredRecovery): Promise<string | null> {
  const { readRecord } = await import('../temporal/recoveries.ts');
  return readRecord(session, recovery, DEADLINES_WITHIN_MS).then(
    ({ record }) => record.episode.deadline,
    () => null,
  );
}

function listText(recoveries: Listed[]): string {
  if (recoveries.length === 0) return 'no recoveries';
  const heads = ['TARGET', 'RUNBOOK', 'PHASE', 'CAUSE', 'OUTCOME', 'OPENED', 'DEADLINE', 'ID'];
  const rows = recoveries.map(({ id, target, runbook, phase, cause, outcome, openedAt, deadline }) => [
    ...[target, runbook, phase, cause, outcome],
    ...[timeText(openedAt), timeText(deadline), id],
  ]);
  return table(heads, rows);
}

/** To the second; RFC 3339 without its fraction. */
function timeText(time: string | null): string | null {
  return time === null ? null : time.replace(/\.\d+Z$/, 'Z');
}
