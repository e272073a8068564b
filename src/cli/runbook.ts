import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { loadConfiguration } from '../configuration/configuration.ts';
import { KintsugiError, messageOf } from '../errors.ts';
import { formatFault } from '../faults/fault.ts';
import { EXIT } from './exit-codes.ts';
import { jsonOption } from './options.ts';
import { type JsonOption, printResult, table } from './output.ts';

/** `kintsugi runbook list|page|validate|schema` */
export default function register(program: Command): void {
  const runbook = program.command('runbook').description('list, check and describe runbooks');
  runbook.command('list').description('list the runbooks of KINTSUGI_RUNBOOKS').addOption(jsonOption()).action(list);
  runbook
    .command('page')
    .description('print a runbook for people, in Markdown: its procedures and parameters, causes and remedies')
    .argument('<runbook>', 'its name, as `kintsugi runbook list` shows it')
    .addOption(jsonOption())
    .action(page);
  runbook
    .command('validate')
    .description('name everything that is wrong with runbooks: file, line, column, and what would be right')
    .argument('[files...]', 'runbooks, or folders of them; without any, the folder KINTSUGI_RUNBOOKS')
    .addOption(jsonOption())
    .action(validate);
  runbook
    .command('schema')
    .description('print the JSON Schema of runbooks, for editors')
    .addOption(jsonOption())
    .action(schema);
}

async function list(options: JsonOption): Promise<void> {
  const { catalogueOf } = await import('../runbook/catalogue.ts');
  const { loadRunbooks } = await import('../runbook/load.ts');
  const configuration = loadConfiguration(process.env);
  const { runbooks: stored, faults } = await loadRunbooks(configuration.runbooks, catalogueOf(configuration));
  const runbooks = stored.map(({ name, file, digest, runbook: { metadata, spec } }) => ({
    name,
    title: metadata.title,
    version: metadata.version,
    severity: metadata.severity,
    target: [spec.target.namespace, spec.target.name ?? spec.target.selector ?? '*'].join('/'),
    alerts: spec.alerts.trigger.map((alert) => (typeof alert === 'string' ? alert : alert.name)),
    procedures: spec.procedures.map((procedure) => procedure.name),
    file,
    digest,
  }));
  printResult(options, { runbooks, faults }, () => {
    const rows = runbooks.map(({ name, version, severity, target, alerts, procedures }) => [
      ...[name, version, severity, target],
      [...alerts, ...procedures.map((procedure) => `a person: ${procedure}`)].join(', '),
    ]);
    return [table(['NAME', 'VERSION', 'SEVERITY', 'TARGET', 'STARTED BY'], rows), ...faults.map(formatFault)].join(
      '\n',
    );
  });
  if (faults.length > 0) process.exitCode = EXIT.bad;
}

async function page(name: string, options: JsonOption): Promise<void> {
  const { catalogueOf } = await import('../runbook/catalogue.ts');
  const { loadRunbook } = await import('../runbook/load.ts');
  const { runbookPage } = await import('../runbook/page.ts');
  const configuration = loadConfiguration(process.env);
  const { file, digest, runbook } = await loadRunbook(configuration.runbooks, name, catalogueOf(configuration));
  const text = runbookPage(runbook);
  printResult(options, { name, file, digest, page: text }, () => text.trimEnd());
}

async function validate(given: string[], options: JsonOption): Promise<void> {
  const { catalogueOf } = await import('../runbook/catalogue.ts');
  const { validateRunbook } = await import('../runbook/validate.ts');
  const configuration = loadConfiguration(process.env);
  const files = (given.length > 0 ? given : [configuration.runbooks]).flatMap(runbookFiles);
  const faults = files.flatMap((file) => validateRunbook(file, readText(file), catalogueOf(configuration)));
  const valid = faults.length === 0;
  printResult(options, { valid, faults }, () =>
    valid ? files.map((file) => `${file}: valid`).join('\n') : faults.map(formatFault).join('\n'),
  );
  if (!valid) process.exitCode = EXIT.bad;
}

async function schema(options: JsonOption): Promise<void> {
  const { knownCatalogue } = await import('../runbook/catalogue.ts');
  const { runbookJsonSchema } = await import('../runbook/json-schema.ts');
  const result = runbookJsonSchema(knownCatalogue);
  printResult(options, result, () => JSON.stringify(result, null, 2));
}

/** A file as it is; of a folder its runbooks. Throws `not-found`. */
function runbookFiles(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path)
      .filter((name) => /^[^.].*\.ya?ml$/.test(name))
      .sort();
    return names.map((name) => join(path, name));
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw unreadable(file, thrown);
  }
}

function unreadable(path: string, thrown: unknown): KintsugiError {
  return new KintsugiError('not-found', `it cannot be read: ${messageOf(thrown)}`, {
    where: path,
    fix: 'name a readable file or folder of runbooks',
    cause: thrown,
  });
}
