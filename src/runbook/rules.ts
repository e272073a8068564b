import { suggest } from '../faults/closest.ts';
import { isRecord, itemsAt, recordAt, valueAt } from '../faults/data.ts';
import type { Complaint, Path } from '../faults/fault.ts';
import { milliseconds } from '../recovery/durations.ts';
import { actionCalls, checkCalls } from './calls.ts';
import type { Catalogue } from './catalogue.ts';
import { complaintsOfParameters } from './parameter-rules.ts';
import { complaintsOfPostRecovery } from './post-recovery-rules.ts';
import { duration } from './schema/scalars.ts';

/**
 * What a schema cannot say about a runbook: names that must exist, be unique or fit each other. Each rule reads the raw data
 * and passes over what has the wrong shape, so that all faults show at once.
 */
export function complaintsOfRules(runbook: unknown, catalogue: Catalogue): Complaint[] {
  return [
    ...unknownDependencies(runbook),
    ...complaintsOfParameters(runbook, catalogue),
    ...wrongPatterns(runbook),
    ...withoutStart(runbook),
    ...repeats(runbook),
    ...helplessCauses(runbook),
    ...rungs(runbook, catalogue),
    ...repetitions(runbook),
    ...verificationWindow(runbook),
    ...dataChecks(runbook),
    ...complaintsOfPostRecovery(runbook),
  ];
}

const CAUSES: Path = ['spec', 'causes'];
const RUNGS: Path = ['spec', 'escalation', 'rungs'];
/** In seconds. */
const SHORTEST_REPEAT = 60;

/** An action's `of` names a dependency: "the Redis that this runbook declares". */
function unknownDependencies(runbook: unknown): Complaint[] {
  const known = itemsAt(runbook, ['spec', 'dependencies']).flatMap(({ value }) =>
    isRecord(value) && typeof value.name === 'string' ? [value.name] : [],
  );
  return actionCalls(runbook).flatMap(({ params, path }) => {
    const of = isRecord(params) ? params.of : undefined;
    if (typeof of !== 'string' || of.startsWith('$') || known.includes(of)) return [];
    return [
      {
        path: [...path, 'of'],
        at: 'value',
        message: `no dependency is named "${of}"`,
        fix: suggest(of, known),
      } as const,
    ];
  });
}

/** Every pattern is a regular expression that can be compiled, and a variable's written value matches its own. */
function wrongPatterns(runbook: unknown): Complaint[] {
  const variables = itemsAt(runbook, ['spec', 'variables']).flatMap(({ value, path }): Complaint[] => {
    if (!isRecord(value) || typeof value.pattern !== 'string') return [];
    const pattern = compiled(value.pattern);
    if (!(pattern instanceof RegExp)) return [badPattern([...path, 'pattern'], value.pattern, pattern.why)];
    if (typeof value.value !== 'string' || pattern.test(value.value)) return [];
    const message = `"${value.value}" does not match its own pattern ${value.pattern}`;
    return [{ path: [...path, 'value'], at: 'value', message, fix: 'correct the value or the pattern' }];
  });
  const logs = checkCalls(runbook)
    .filter(({ name }) => name === 'logs')
    .flatMap(({ params, path }) => {
      const healthy = isRecord(params) ? params.healthy : undefined;
      if (typeof healthy !== 'string') return [];
      const pattern = compiled(healthy);
      return pattern instanceof RegExp ? [] : [badPattern([...path, 'healthy'], healthy, pattern.why)];
    });
  return [...variables, ...logs];
}

function compiled(pattern: string): RegExp | { why: string } {
  try {
    return new RegExp(pattern);
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return { why: message.split(': ').at(-1) ?? message };
  }
}

function badPattern(path: Path, pattern: string, why: string): Complaint {
  const fix = 'write a JavaScript regular expression; a sign that is meant as itself takes a backslash';
  return { path, at: 'value', message: `${pattern} is not a regular expression: ${why}`, fix };
}

/** A runbook starts by alerts, which need causes to be answered with, or a person starts one of its procedures. */
function withoutStart(runbook: unknown): Complaint[] {
  const triggers = itemsAt(runbook, ['spec', 'alerts', 'trigger']);
  const causes = itemsAt(runbook, CAUSES);
  if (!isRecord(valueAt(runbook, ['spec']))) return [];
  if (triggers.length === 0 && itemsAt(runbook, ['spec', 'procedures']).length === 0) {
    const message = 'nothing starts this runbook: it has neither triggers nor procedures';
    const fix = 'list alerts under `alerts.trigger`, or what a person may start under `procedures`';
    return [{ path: ['spec', 'alerts', 'trigger'], at: 'key', message, fix }];
  }
  if (triggers.length === 0 || causes.length > 0) return [];
  const message = 'alerts start this runbook, and it knows no cause';
  return [{ path: [...CAUSES], at: 'key', message, fix: 'list the causes with what mends them' }];
}

/** Lists whose members are told apart by a name. */
function repeats(runbook: unknown): Complaint[] {
  const byKey = (path: Path, key: string, what: string) => repeated(itemsAt(runbook, path), [key], what);
  const alerts = [
    ...itemsAt(runbook, ['spec', 'alerts', 'trigger']),
    ...itemsAt(runbook, ['spec', 'alerts', 'related']),
  ].filter(({ value }) => typeof value === 'string');
  return [
    ...byKey(CAUSES, 'cause', 'cause'),
    ...itemsAt(runbook, CAUSES).flatMap((cause) => byKey([...cause.path, 'remedies'], 'name', 'remedy of this cause')),
    ...byKey(['spec', 'procedures'], 'name', 'procedure'),
    ...byKey(['spec', 'dependencies'], 'name', 'dependency'),
    ...byKey(['spec', 'variables'], 'name', 'variable'),
    ...byKey(['spec', 'checklist'], 'id', 'point of the checklist'),
    ...byKey(['spec', 'postRecovery', 'points'], 'id', 'point after the recovery'),
    ...repeated(alerts, [], 'alert'),
    ...repeated(
      itemsAt(runbook, ['spec', 'escalation', 'steps']).map(({ value, path }) => ({
        value: isRecord(value) ? value.id : value,
        path,
      })),
      [],
      'escalation step',
    ),
  ];
}

function repeated(items: { value: unknown; path: Path }[], key: Path, what: string): Complaint[] {
  const seen = new Set<string>();
  return items.flatMap(({ value, path }): Complaint[] => {
    const name = valueAt(value, key);
    if (typeof name !== 'string') return [];
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    return [
      {
        path: [...path, ...key],
        at: 'value',
        message: `"${name}" is there already, as an earlier ${what}`,
        fix: 'keep one of the two',
      },
    ];
  });
}

/** The same rule stands in the schema, which is silent about an entry that has other faults. */
function helplessCauses(runbook: unknown): Complaint[] {
  return itemsAt(runbook, CAUSES).flatMap(({ value, path }): Complaint[] => {
    if (!isRecord(value) || value.person !== undefined || itemsAt(value, ['remedies']).length > 0) return [];
    const message = 'the cause has neither remedies nor a word for people';
    return [{ path: [...path, 'person'], at: 'value', message, fix: 'say in `person` what a person should do' }];
  });
}

/** Rungs follow one another in time and name notifiers that exist. */
function rungs(runbook: unknown, catalogue: Catalogue): Complaint[] {
  let before = -1;
  const ladder = itemsAt(runbook, RUNGS).flatMap((rung): Complaint[] => {
    const after = valueAt(rung.value, ['after']);
    const complaints = unknownNotifiers(rung.value, ['notify'], catalogue).map((complaint) => ({
      ...complaint,
      path: [...rung.path, ...complaint.path],
    }));
    const seconds = secondsOf(after);
    if (seconds === null) return complaints;
    if (seconds <= before) {
      const message = `the rung at ${String(after)} does not come after the one before it`;
      complaints.push({
        path: [...rung.path, 'after'],
        at: 'value',
        message,
        fix: 'list the rungs by their time, each later',
      });
    }
    before = Math.max(before, seconds);
    return complaints;
  });
  return [...ladder, ...unknownNotifiers(runbook, ['spec', 'escalation', 'note'], catalogue)];
}

function unknownNotifiers(value: unknown, list: Path, { notifiers }: Catalogue): Complaint[] {
  return itemsAt(value, list).flatMap(({ value: name, path }): Complaint[] => {
    if (typeof name !== 'string' || notifiers.includes(name)) return [];
    return [{ path, at: 'value', message: `no notifier is named "${name}"`, fix: suggest(name, notifiers) }];
  });
}

/** A rung that repeats never lets another have its turn, and a provider is not called every few seconds. */
function repetitions(runbook: unknown): Complaint[] {
  const all = itemsAt(runbook, RUNGS);
  return all.flatMap(({ value, path }, index): Complaint[] => {
    const repeat = valueAt(value, ['repeat']);
    if (repeat === undefined) return [];
    if (index < all.length - 1) {
      const message = 'only the last rung repeats: those after it would come in between';
      return [{ path: [...path, 'repeat'], at: 'key', message, fix: 'move `repeat` to the last rung' }];
    }
    const seconds = secondsOf(repeat);
    if (seconds === null || seconds >= SHORTEST_REPEAT) return [];
    const message = `${String(repeat)} is too short a time for people to answer in`;
    return [{ path: [...path, 'repeat'], at: 'value', message, fix: `${SHORTEST_REPEAT / 60}m at least` }];
  });
}

function secondsOf(value: unknown): number | null {
  const written = duration.safeParse(value);
  return written.success ? milliseconds(written.data) / 1000 : null;
}

function verificationWindow(runbook: unknown): Complaint[] {
  const window = recordAt(runbook, ['spec', 'verify', 'window']);
  const [min, max] = [secondsOf(window.min ?? '60s'), secondsOf(window.max ?? '300s')];
  if (min === null || max === null || min <= max) return [];
  const path = ['spec', 'verify', 'window', window.min === undefined ? 'max' : 'min'];
  const message = `the shortest window (${min} s) is longer than the longest (${max} s)`;
  return [{ path, at: 'value', message, fix: 'min at most max' }];
}

/** The check `data` asks what `dataCheck` says, and its patterns can be compiled. */
function dataChecks(runbook: unknown): Complaint[] {
  const path: Path = ['spec', 'dataCheck'];
  const patterns = ['exec', 'http'].flatMap((way): Complaint[] => {
    const at = [...path, way, 'pattern'];
    const written = valueAt(runbook, at);
    if (typeof written !== 'string') return [];
    const pattern = compiled(written);
    return pattern instanceof RegExp ? [] : [badPattern(at, written, pattern.why)];
  });
  const asking = checkCalls(runbook).find(({ name }) => name === 'data');
  if (asking === undefined || valueAt(runbook, path) !== undefined) return patterns;
  const message = 'the check data has nothing to ask: the runbook has no dataCheck';
  const fix = 'say under `spec.dataCheck` how data is told from an empty volume';
  return [...patterns, { path: asking.path, at: 'value', message, fix }];
}
