import { suggest } from '../faults/closest.ts';
import { isRecord, itemsAt, valueAt } from '../faults/data.ts';
import type { Complaint, Path } from '../faults/fault.ts';
import { complaintsOf } from '../faults/issues.ts';
import { kindNamed, kindNames } from '../notify/kinds.ts';
import { builtInNotifiers, type NamedNotifier } from '../notify/notifier.ts';
import type { ConfigurationFile } from './file.ts';

/** The notifiers of the configuration file: each entry is checked by its kind. */

const NAMED: Path = ['notifiers', 'named'];

/** What the file's schema cannot see: types, each kind's settings, names that are there twice, defaults that nothing has. */
export function complaintsOfNotifiers(content: unknown): Complaint[] {
  const entries = itemsAt(content, NAMED);
  const names: string[] = [...builtInNotifiers];
  const complaints = entries.flatMap(({ value, path }): Complaint[] => {
    const twice = nameTaken(valueAt(value, ['name']), names, path);
    return [...twice, ...complaintsOfEntry(value, path)];
  });
  return [...complaints, ...unknownDefaults(content, names)];
}

/** The entries as their kinds read them; nothing is wrong with any. `place` says where something stands in the file. */
export function namedNotifiers(
  entries: ConfigurationFile['notifiers']['named'],
  place: (path: Path) => string,
): NamedNotifier[] {
  return entries.flatMap(({ name, type, ...settings }, index) => {
    const kind = kindNamed(type);
    if (kind === undefined) return [];
    const at: Path = [...NAMED, index];
    const places = [...Object.keys(settings), 'name', 'type'].map((key) => [key, place([...at, key])]);
    return [
      { name, type, settings: kind.settings.parse(settings), places: { '': place(at), ...Object.fromEntries(places) } },
    ];
  });
}

/** Adds the name to those that are taken. */
function nameTaken(name: unknown, names: string[], path: Path): Complaint[] {
  if (typeof name !== 'string') return [];
  const message = `a notifier is named "${name}" already`;
  if (names.includes(name)) return [{ path: [...path, 'name'], at: 'value', message, fix: otherName(name) }];
  names.push(name);
  return [];
}

function otherName(name: string): string {
  if (name === 'default') return 'give it another name: "default" is all those of notifiers.default, in their order';
  if (name === 'webhook') return 'give it another name: "webhook" is the one of KINTSUGI_WEBHOOK_URL';
  return name === 'log' ? 'give it another name: "log" is the worker\'s log' : 'give it another name';
}

function complaintsOfEntry(value: unknown, path: Path): Complaint[] {
  if (!isRecord(value) || typeof value.type !== 'string') return [];
  const { name: _name, type, ...settings } = value;
  const kind = kindNamed(type);
  if (kind !== undefined) return complaintsOf(kind.settings, settings, path);
  const message = `no notifier is of type "${type}"`;
  return [{ path: [...path, 'type'], at: 'value', message, fix: suggest(type, kindNames) }];
}

function unknownDefaults(content: unknown, names: readonly string[]): Complaint[] {
  return itemsAt(content, ['notifiers', 'default']).flatMap(({ value, path }): Complaint[] => {
    const possible = names.filter((name) => name !== 'default');
    if (typeof value !== 'string' || possible.includes(value)) return [];
    return [{ path, at: 'value', message: `no notifier is named "${value}"`, fix: suggest(value, possible) }];
  });
}
