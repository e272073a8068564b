import type { Command } from 'commander';
import { page, table } from './markdown.ts';

const ABOUT =
  'The command `kintsugi` (`npx kintsugi` in a checkout). A result goes to stdout, everything else to stderr. Exit codes: 0 done, healthy or valid; 1 answered, but bad; 2 wrong flag or configuration; 3 unreachable; 4 order refused; 130 interrupted. An ID may be a workflow id, a recovery id or `namespace/kind/name`.';

/** The page of all commands, subcommands too, as commander knows them. */
export function commandLinePage(program: Command): string {
  return page(
    'Command line',
    ABOUT,
    program.commands.flatMap((command) => sectionsOf(command, program.name())),
  );
}

/** A command that only groups others has no section of its own. */
function sectionsOf(command: Command, parent: string): string[] {
  const name = `${parent} ${command.name()}`;
  if (command.commands.length > 0) return command.commands.flatMap((inner) => sectionsOf(inner, name));
  const usage = [name, command.usage()].join(' ').trim();
  const rows = [
    ...command.registeredArguments.map((argument) => [`\`${argument.name()}\``, argument.description, '']),
    ...command.options
      .filter(({ hidden }) => !hidden)
      .map(({ flags, description, defaultValue }) => [`\`${flags}\``, description, defaultText(defaultValue)]),
  ];
  const parts = [`## ${name}`, `\`${usage}\``, command.description()];
  if (rows.length > 0) parts.push(table(['Argument or option', 'Meaning', 'Default'], rows));
  return [parts.join('\n\n')];
}

function defaultText(value: unknown): string {
  return value === undefined ? '' : `\`${String(value)}\``;
}
