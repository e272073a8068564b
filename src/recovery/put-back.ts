import type { ActionRecord, Attempt } from './attempt.ts';
import type { RecoveryRecord } from './record.ts';
import { mayStand } from './undoing.ts';
import type { Change, Json, ObjectRef, Plan, Value } from './values.ts';

/** What stands changed and how each is put back: what a person who takes over has to know (safety 17). */
export interface Standing {
  /** One sentence: an owner held off, replicas at 0, a debug pod, a replaced claim, a raised limit. */
  what: string;
  /** The order that takes it back; absent where its undo is what stands, or a program's effect that nothing takes back. */
  undo?: string;
  /** The same by hand, one command a line, where commands can do it. */
  byHand: string[];
}

/**
 * Every change that stays without having verified: applied or unknown, and not taken back; and every hold, for somebody has
 * to end it.
 */
export function standing(record: RecoveryRecord): Standing[] {
  return record.attempts.flatMap((attempt) =>
    attempt.actions
      .filter((action) => attempt.stage !== 'verified' || attempt.plans[action.i]?.hold !== undefined)
      .flatMap((action) => standingOf(record, attempt, action)),
  );
}

/**
 * Every change that stays because it verified, in words: after a relapse nobody is to believe that all is as it was. A hold is
 * among `standing` in any case.
 */
export function keptChanges(record: RecoveryRecord): string[] {
  return kept(record).map(({ what }) => what);
}

function kept(record: RecoveryRecord): Standing[] {
  return record.attempts.flatMap((attempt) =>
    attempt.actions
      .filter((action) => attempt.stage === 'verified' && attempt.plans[action.i]?.hold === undefined)
      .filter((action) => mayStand(action, attempt))
      .flatMap((action) => standingOf(record, attempt, action))
      .map((change) => ({ ...change, what: `verified${minute(attempt.verification?.at)}: ${change.what}` })),
  );
}

/** ` 03:05 UTC`; nothing where it was not recorded. */
function minute(time = ''): string {
  return time === '' ? '' : ` ${time.slice(11, 16)} UTC`;
}

function standingOf({ recoveryId }: RecoveryRecord, attempt: Attempt, action: ActionRecord): Standing[] {
  if (!mayStand(action, attempt)) {
    const left = action.undo?.stands;
    return left === undefined ? [] : [{ what: left, byHand: [] }];
  }
  const plan = attempt.plans[action.i];
  const summary = plan?.summary ?? attempt.remedy;
  const what = action.outcome === 'applied' ? summary : `${summary} (outcome unknown)`;
  const undo = `kintsugi undo ${recoveryId} --attempt ${attempt.n} --actor YOU`;
  return [{ what, undo, byHand: plan === undefined ? [] : commandsOf(plan) }];
}

/** The commands that put a plan's changes back, the last change first; none where a part of it has none. */
function commandsOf({ changes }: Plan): string[] {
  const back = changes.filter(({ type }) => type !== 'effect').map(commandOf);
  const commands = back.flatMap((command) => (command === null ? [] : [command]));
  return commands.length < back.length ? [] : commands.reverse();
}

function commandOf(change: Change): string | null {
  switch (change.type) {
    case 'create':
      return `kubectl delete ${named(change.object)}`;
    case 'field':
      return fieldCommand(change);
    default:
      // What was deleted is not made anew by a line, and what a program did is not undone by one.
      return null;
  }
}

const ANNOTATION = '/metadata/annotations/';

function fieldCommand({ object, path, before, after }: Extract<Change, { type: 'field' }>): string | null {
  // A secret's value stands in no command, and in no record.
  if (!('value' in before || 'absent' in before)) return null;
  const annotation = path.startsWith(ANNOTATION) ? path.slice(ANNOTATION.length) : null;
  if (annotation !== null) return `kubectl annotate ${named(object)} ${annotationText(annotation, before)}`;
  if (path === '/spec/replicas' && 'value' in before)
    return `kubectl scale ${named(object)} --replicas=${String(before.value)}`;
  const patch: Json = 'absent' in before ? { op: 'remove', path } : { op: opOf(after), path, value: before.value };
  return `kubectl patch ${named(object)} --type=json -p ${quoted(JSON.stringify([patch]))}`;
}

function annotationText(pointer: string, before: Value): string {
  const key = pointer.replaceAll('~1', '/').replaceAll('~0', '~');
  return 'value' in before ? `${quoted(`${key}=${String(before.value)}`)} --overwrite` : `${key}-`;
}

function opOf(after: Value): string {
  return 'absent' in after ? 'add' : 'replace';
}

/** `deployment.apps/agent-bruno -n bruno`, which means one kind whatever else the cluster has. */
function named({ apiVersion, kind, namespace, name }: ObjectRef): string {
  const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : '';
  const where = namespace === undefined ? '' : ` -n ${namespace}`;
  return `${kind.toLowerCase()}${group}/${name}${where}`;
}

/** As one word for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What stands, verified before or not, each with how it is put back below it. */
export function putBackLines(record: RecoveryRecord): string[] {
  return [...standing(record), ...kept(record)].flatMap(({ what, undo, byHand }) => [
    `- ${what}`,
    ...(undo === undefined ? [] : [`    put back: ${undo}`]),
    ...byHand.map((command, index) => `    ${index === 0 ? 'or by hand:' : '      and:'} ${command}`),
  ]);
}
