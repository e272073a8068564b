import { isRecord, itemsAt } from '../faults/data.ts';
import type { Path } from '../faults/fault.ts';

/** The actions and checks that a runbook's raw data calls, wherever they stand. */

const CAUSES: Path = ['spec', 'causes'];
const PROCEDURES: Path = ['spec', 'procedures'];
const CHECKS: Path = ['spec', 'verify', 'checks'];
const AFTER_RECOVERY: Path = ['spec', 'postRecovery', 'points'];

/** One `{name: {parameters}}`. */
export interface Call {
  name: string;
  params: unknown;
  /** Where the parameters stand; for a check written as a bare name, where that name stands. */
  path: Path;
}

export function remediesOf(runbook: unknown): { value: unknown; path: Path }[] {
  return itemsAt(runbook, CAUSES).flatMap((cause) => itemsAt(runbook, [...cause.path, 'remedies']));
}

/** The actions of every remedy and every procedure. */
export function actionCalls(runbook: unknown): Call[] {
  return [...remediesOf(runbook), ...itemsAt(runbook, PROCEDURES)]
    .flatMap(({ path }) => itemsAt(runbook, [...path, 'actions']))
    .flatMap((item) => (isRecord(item.value) ? (callOf(item.value, item.path) ?? []) : []));
}

/** The checks of the verification, and those after the recovery. */
export function checkCalls(runbook: unknown): Call[] {
  const lists = [CHECKS, ...itemsAt(runbook, AFTER_RECOVERY).map(({ path }): Path => [...path, 'checks'])];
  return lists.flatMap((path) => itemsAt(runbook, path)).flatMap((item) => callOf(item.value, item.path) ?? []);
}

/** The one `{name: {parameters}}` of an action or check; a bare name has none; null for any other shape. */
function callOf(value: unknown, path: Path): Call | null {
  if (typeof value === 'string') return { name: value, params: {}, path };
  const entries = isRecord(value) ? Object.entries(value) : [];
  const [entry] = entries;
  return entry === undefined || entries.length > 1
    ? null
    : { name: entry[0], params: entry[1], path: [...path, entry[0]] };
}
