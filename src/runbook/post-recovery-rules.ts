import { suggest } from '../faults/closest.ts';
import { isRecord, itemsAt, recordAt, valueAt } from '../faults/data.ts';
import type { Complaint, Path } from '../faults/fault.ts';
import { namesInQuery, QUERY_NAMES } from './post-recovery.ts';

const POINTS: Path = ['spec', 'postRecovery', 'points'];

/** What the schema cannot say about the points after a recovery: names in queries, thresholds, checks that are there to be asked. */
export function complaintsOfPostRecovery(runbook: unknown): Complaint[] {
  return itemsAt(runbook, POINTS).flatMap(({ value, path }) =>
    isRecord(value) && value.id === 'function'
      ? withoutChecks(runbook, value, path)
      : itemsAt(value, ['queries']).flatMap((query) => [
          ...unknownNames(runbook, query.value, [...path, ...query.path]),
          ...impossible(query.value, [...path, ...query.path]),
        ]),
  );
}

function unknownNames(runbook: unknown, query: unknown, path: Path): Complaint[] {
  const written = valueAt(query, ['query']);
  if (typeof written !== 'string') return [];
  const known = [...QUERY_NAMES, ...Object.keys(recordAt(runbook, ['spec', 'params']))];
  return [...new Set(namesInQuery(written))]
    .filter((name) => !known.includes(name))
    .map((name) => ({
      path: [...path, 'query'],
      at: 'value',
      message: `$${name} stands for nothing in a query`,
      fix: suggest(
        `$${name}`,
        known.map((one) => `$${one}`),
      ),
    }));
}

function impossible(query: unknown, path: Path): Complaint[] {
  const { min, max } = isRecord(query) ? query : {};
  if (typeof min !== 'number' || typeof max !== 'number' || min <= max) return [];
  const message = `no value is at least ${min} and at most ${max}`;
  return [{ path: [...path, 'min'], at: 'value', message, fix: 'min at most max' }];
}

/** Without checks of its own the point asks what the verification asks over HTTP. */
function withoutChecks(runbook: unknown, point: Record<string, unknown>, path: Path): Complaint[] {
  const verification = itemsAt(runbook, ['spec', 'verify', 'checks']);
  if (point.checks !== undefined || verification.some(({ value }) => isRecord(value) && 'http' in value)) return [];
  const message = 'there is nothing to ask the target: the verification has no http check either';
  return [{ path: [...path, 'id'], at: 'value', message, fix: 'list `checks` of this point' }];
}
