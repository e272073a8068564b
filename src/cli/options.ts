import { InvalidArgumentError, Option } from 'commander';
import { KintsugiError } from '../errors.ts';
import { parseTarget } from '../recovery/ids.ts';
import { legible, nameOf } from '../recovery/words.ts';

/** Flags and arguments that several commands share. */

export const ID_ARGUMENT = 'workflow id, recovery id or namespace/kind/name';

/** `--json`: every command has it. */
export function jsonOption(): Option {
  return new Option('--json', 'print the result, or the error, as JSON');
}

/** `--actor`: who gives an order stands in the history for ever, so it is never guessed; a gateway knows it by the token. */
export function actorOption(): Option {
  return new Option(
    '--actor <name>',
    'who you are, e.g. ana@example.com; it stands in the history; not needed with KINTSUGI_TOKEN, whose person it is',
  ).argParser(actorValue);
}

/** A name as it will stand in the history: one line, and something that can be read. */
export function actorValue(text: string): string {
  const name = nameOf(text);
  if (name === '') throw new InvalidArgumentError('give the name of who you are.');
  return name;
}

/** Who it is, of a command that goes straight to the cluster, where no token says so. Throws where nobody says it. */
export function statedActor(actor: string | undefined): string {
  if (actor !== undefined) return actor;
  throw new KintsugiError('invalid', "required option '--actor <name>' not specified", {
    where: ['kintsugi', ...process.argv.slice(2)].join(' '),
    fix: 'give it: people who read the history want to know',
  });
}

/** `--reason`. */
export function reasonOption(): Option {
  return new Option('--reason <text>', 'why; it stands in the history').argParser(reasonValue);
}

/** A reason that can be read. */
export function reasonValue(text: string): string {
  const reason = legible(text).trim();
  if (reason === '') throw new InvalidArgumentError('say why.');
  return reason;
}

/** `--attempt`: the number of an attempt, from 1. */
export function attemptOption(description: string): Option {
  return new Option('--attempt <number>', description).argParser(numberValue('the number of an attempt'));
}

/** Reads a value that must be a whole number from 1; `what` it is, for the complaint. */
export function numberValue(what: string): (text: string) => number {
  return (text) => {
    if (!/^[1-9][0-9]*$/.test(text)) throw new InvalidArgumentError(`give ${what}, from 1.`);
    return Number(text);
  };
}

/** `--param name=value`, as often as there are parameters; the same one twice is a mistake. */
export function paramOption(): Option {
  return new Option('--param <name=value>', "a value for one of the runbook's parameters; may be given several times")
    .argParser((text, given: { [name: string]: string } | undefined) => paramValue(text, given))
    .default({}, 'none');
}

function paramValue(text: string, given: { [name: string]: string } = {}): { [name: string]: string } {
  const [, name, value] = /^([A-Za-z][\w-]*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError('give name=value, e.g. claim=zeus-data.');
  if (Object.hasOwn(given, name)) throw new InvalidArgumentError(`${name} is given twice.`);
  return { ...given, [name]: value };
}

/** A value that must be `namespace/kind/name`. */
export function targetValue(text: string): string {
  if (parseTarget(text) !== null) return text;
  throw new InvalidArgumentError('give namespace/kind/name, e.g. bruno/deployment/agent-bruno.');
}

/** A value that must be a time, or a span from now: RFC 3339, or `20m`. Returns RFC 3339. */
export function deadlineValue(text: string, now: Date = new Date()): string {
  const span = /^(?=[0-9])(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?$/.exec(text);
  if (span !== null) {
    const [hours, minutes, seconds] = [span[1], span[2], span[3]].map((part) => Number(part ?? 0));
    return new Date(now.getTime() + (((hours ?? 0) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1000).toISOString();
  }
  const time = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new InvalidArgumentError('give a time like 2026-01-31T03:15:00Z, or a span like 20m.');
  return new Date(time).toISOString();
}
