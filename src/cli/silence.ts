import { type Command, InvalidArgumentError } from 'commander';
import { isDuration, milliseconds, spanText } from '../recovery/durations.ts';
import { parseTarget } from '../recovery/ids.ts';
import type { Entry, Scope } from '../silences/entry.ts';
import { actorOption, jsonOption, reasonOption, targetValue } from './options.ts';
import { type JsonOption, printResult, table } from './output.ts';
import type { SilenceDoor } from './silence-door.ts';

/** `kintsugi silence add|list|end`: maintenance, by whom and why. */
export default function register(program: Command): void {
  const silence = program
    .command('silence')
    .description(
      'maintenance of a target or a runbook: for a time nothing is written by itself and a page that comes due is held; undoing and looking go on',
    );
  silence
    .command('add', { isDefault: true })
    .description('set a silence from now on; `kintsugi silence TARGET ...` is the same')
    .argument('[namespace/kind/name]', 'the workload that is worked on', targetValue)
    .option('--runbook <name>', 'all targets of a runbook in place of one workload')
    .requiredOption('--for <span>', 'how long, e.g. 2h or 45m; 24h at most', spanValue)
    .addOption(actorOption())
    .addOption(reasonOption().makeOptionMandatory())
    .addOption(jsonOption())
    .action(add);
  silence
    .command('list')
    .alias('query')
    .description('list the silences that hold, the one that ends last first')
    .option('--all', 'those of the last day that are over too')
    .addOption(jsonOption())
    .action(list);
  silence
    .command('end')
    .alias('expire')
    .description('end a silence before its time: a page that it held goes out if the target is not healthy')
    .argument('<id>', 'its id, as `kintsugi silence list` shows it')
    .addOption(actorOption())
    .addOption(reasonOption())
    .addOption(jsonOption())
    .action(end);
}

function spanValue(text: string): string {
  if (isDuration(text) && milliseconds(text) > 0) return text;
  throw new InvalidArgumentError('give a span like 2h, 45m or 1h30m.');
}

interface AddOptions extends JsonOption {
  for: string;
  runbook?: string;
  actor?: string;
  reason: string;
}

async function add(target: string | undefined, options: AddOptions): Promise<void> {
  const scope = scopeOf(target, options.runbook);
  const { reason, actor } = options;
  const door = await openDoor();
  const entry = await door.add({ scope, for: options.for, reason, ...(actor === undefined ? {} : { actor }) });
  printResult(
    options,
    entry,
    () =>
      `${entry.id}: ${aboutText(entry)} is silenced until ${entry.until}; end it before by: kintsugi silence end ${entry.id}`,
  );
}

/** Loaded only when it is needed: it brings what talks to Temporal and the cluster. */
async function openDoor(): Promise<SilenceDoor> {
  return (await import('./silence-door.ts')).silenceDoor();
}

function scopeOf(target: string | undefined, runbook: string | undefined): Scope {
  const parsed = parseTarget(target ?? '');
  if (parsed !== null && runbook === undefined) return { target: parsed };
  if (target === undefined && runbook !== undefined) return { runbook };
  throw new InvalidArgumentError('give either namespace/kind/name or --runbook.');
}

async function list(options: JsonOption & { all?: true }): Promise<void> {
  const silences = await (await openDoor()).list(options.all === true);
  printResult(options, { silences }, () => listText(silences, new Date()));
}

async function end(id: string, options: JsonOption & { actor?: string; reason?: string }): Promise<void> {
  const { reason, actor } = options;
  const door = await openDoor();
  const entry = await door.end(id, {
    ...(reason === undefined ? {} : { reason }),
    ...(actor === undefined ? {} : { actor }),
  });
  printResult(options, entry, () => `${id}: ${aboutText(entry)} is no longer silenced`);
}

function listText(entries: Entry[], now: Date): string {
  if (entries.length === 0) return 'no silences';
  const rows = entries.map(({ id, target, runbook, actor, verified, until, ended, reason }) => [
    ...[id, target ?? `runbook ${runbook}`, verified === true ? actor : `${actor} (unverified)`, until],
    leftText(until, ended?.by, now),
    reason,
  ]);
  return table(['ID', 'OF', 'BY', 'UNTIL', 'LEFT', 'REASON'], rows);
}

function leftText(until: string, endedBy: string | undefined, now: Date): string {
  if (endedBy !== undefined) return `ended by ${endedBy}`;
  const left = Date.parse(until) - now.getTime();
  return left <= 0 ? 'over' : spanText(left);
}

function aboutText({ target, runbook }: Entry): string {
  return target ?? `every target of runbook ${runbook}`;
}
