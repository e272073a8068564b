import type { RecoveryRecord } from '../recovery/record.ts';
import { silencedBy } from '../recovery/silences.ts';
import { listRecoveries, type RecoveryFilter, readRecord, type Session, type StoredRecovery } from './recoveries.ts';

/** How long a worker may take to add deadlines and silences, which Temporal alone does not know. */
const DEADLINES_WITHIN_MS = 2_000;

/** One line of the list; `deadline` is null if the recovery is closed or has recovered, or no worker told it. */
export interface Listed {
  id: string;
  target: string | null;
  runbook: string;
  phase: string | null;
  cause: string | null;
  outcome: string | null;
  openedAt: string;
  deadline: string | null;
  /** By whom it is silenced, until when. */
  silenced?: string;
}

/** The recoveries that fit, the newest first, each with its deadline where a worker tells it. */
export async function listWithDeadlines(session: Session, filter: RecoveryFilter): Promise<Listed[]> {
  const stored = await listRecoveries(session, filter);
  return Promise.all(stored.map((recovery) => listed(session, recovery)));
}

async function listed(session: Session, recovery: StoredRecovery): Promise<Listed> {
  const { id, target, runbook, phase, cause, openedAt } = recovery;
  const told = recovery.status === 'RUNNING' ? await toldByWorker(session, recovery) : NOT_TOLD;
  return { id, target, runbook, phase, cause, outcome: outcomeOf(recovery), openedAt, ...told };
}

/** A run that ended without its own outcome (terminated, failed) has Temporal's word for it. */
function outcomeOf({ outcome, status }: StoredRecovery): string | null {
  return outcome ?? (status === 'RUNNING' || status === 'COMPLETED' ? null : status.toLowerCase());
}

const NOT_TOLD = { deadline: null };

async function toldByWorker(
  session: Session,
  recovery: StoredRecovery,
): Promise<Pick<Listed, 'deadline' | 'silenced'>> {
  return readRecord(session, recovery, DEADLINES_WITHIN_MS).then(
    ({ record }) => listedOf(record),
    () => NOT_TOLD,
  );
}

/** What only its worker knows of a recovery. Nobody is paged for one that has recovered, unless it breaks again. */
export function listedOf(record: RecoveryRecord): Pick<Listed, 'deadline' | 'silenced'> {
  const silence = silencedBy(record);
  const silenced = silence === null ? {} : { silenced: `by ${silence.by} until ${silence.until}` };
  return { deadline: record.recovered === null ? record.episode.deadline : null, ...silenced };
}
