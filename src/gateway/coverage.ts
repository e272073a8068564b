import type { Client } from '@temporalio/client';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { openPage } from '../recovery/fold-pages.ts';
import type { PageRecord } from '../recovery/page-record.ts';
import type { RecoveryRecord } from '../recovery/record.ts';
import { silencedBy } from '../recovery/silences.ts';
import { isInHand } from '../recovery/take-over.ts';
import type { RecordAnswer } from '../workflows/recovery.ts';

/** Whether the firing alerts of a name and namespace are in good hands: what the independent rule watches (durability 15). */
export interface Covered {
  alertname: string;
  /** The label as Prometheus has it; empty if the alert has none. */
  namespace: string;
  covered: boolean;
}

/** Reads the open recoveries again and again, and answers with what was read if that is not too long ago. */
export interface CoverageReader {
  /** Null if Temporal could not be read in the last 30 s. */
  latest(): Covered[] | null;
  start(): void;
  /** Resolves when no call to Temporal is under way any more. */
  stop(): Promise<void>;
}

const READ_EVERY_MS = 10_000;
const READ_TIMEOUT_MS = 5_000;
const LATEST_MS = 30_000;

/**
 * Coverage by the records of all open recoveries. An alert is covered if the run is before its deadline, has a page that a
 * provider took, is in a person's hands, or its target is healthy. Of several recoveries with the same alert the worst counts.
 */
export function coverageOf(records: RecoveryRecord[], now: string): Covered[] {
  const worst = new Map<string, Covered>();
  for (const record of records) {
    const covered = isCovered(record, now);
    for (const { name, labels, status } of Object.values(record.alerts)) {
      if (status !== 'firing') continue;
      const namespace = labels.namespace ?? '';
      const key = JSON.stringify([name, namespace]);
      const before = worst.get(key)?.covered ?? true;
      worst.set(key, { alertname: name, namespace, covered: before && covered });
    }
  }
  return [...worst.values()];
}

function isCovered(record: RecoveryRecord, now: string): boolean {
  if (Date.parse(now) < Date.parse(record.episode.deadline)) return true;
  if (isInHand(record)) return true;
  // Who silenced it has it in hand; a silence that nobody has confirmed of late counts for nothing.
  if (silencedBy(record) !== null && isRecent(record.silences?.heardAt ?? null, now)) return true;
  const page = openPage(record);
  if (page !== null && reachedPeople(page)) return true;
  return record.look.at === null
    ? record.diagnosis?.healthy === true
    : record.look.healthy === true && !record.look.broken;
}

/** A silence is asked about once a minute at least. */
const CONFIRMED_MS = 180_000;

function isRecent(time: string | null, now: string): boolean {
  return time !== null && Date.parse(now) - Date.parse(time) <= CONFIRMED_MS;
}

/**
 * Whether a provider took the page. The log reaches nobody: this is the last net under the recovery, so it does not rely on the
 * recovery never to write that the log took a page.
 */
function reachedPeople(page: PageRecord): boolean {
  return page.rungs.some(({ tries }) => tries.some(({ taken, notifier }) => taken && notifier !== 'log'));
}

/** Asks each open recovery for its record; one that does not answer covers nothing. */
export async function readCoverage(client: Client, now: () => Date): Promise<Covered[]> {
  return client.connection.withDeadline(Date.now() + READ_TIMEOUT_MS, async () => {
    const answered = (await readRecords(client)).filter((record) => record !== null);
    // A run that only sends on has given its alerts to another, which answers for them.
    const own = answered.filter(({ forward }) => forward === null);
    return coverageOf(own, now().toISOString());
  });
}

async function readRecords(client: Client): Promise<(RecoveryRecord | null)[]> {
  const query = `KintsugiRunbook IS NOT NULL AND ExecutionStatus = 'Running'`;
  const records: Promise<RecoveryRecord | null>[] = [];
  try {
    for await (const { workflowId, runId } of client.workflow.list({ query })) {
      const handle = client.workflow.getHandle(workflowId, runId);
      const record = handle.query<RecordAnswer>('record').then(
        (answer) => answer.record,
        () => null,
      );
      records.push(record);
    }
  } finally {
    // Also when the list breaks off: no call may be left behind on a connection that is closed.
    await Promise.all(records);
  }
  return Promise.all(records);
}

/** A reader in the background: a scrape never waits for Temporal. */
export function createCoverageReader(client: Client, log: Logger, now: () => Date): CoverageReader {
  let last: { at: number; covered: Covered[] } | null = null;
  let timer: NodeJS.Timeout | null = null;
  let reading: Promise<void> = Promise.resolve();
  let stopped = false;
  const read = async (): Promise<void> => {
    try {
      last = { at: now().getTime(), covered: await readCoverage(client, now) };
    } catch (thrown) {
      log.warn({ error: messageOf(thrown) }, 'the open recoveries could not be read from Temporal');
    }
    if (stopped) return;
    timer = setTimeout(start, READ_EVERY_MS);
    timer.unref();
  };
  const start = () => {
    reading = read();
  };
  return {
    latest: () => (last !== null && now().getTime() - last.at <= LATEST_MS ? last.covered : null),
    start,
    stop: () => {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
      return reading;
    },
  };
}
