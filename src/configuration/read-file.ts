import { readFileSync } from 'node:fs';
import { messageOf } from '../errors.ts';
import type { Complaint, Fault } from '../faults/fault.ts';
import { complaintsOf } from '../faults/issues.ts';
import { parseSource } from '../faults/source.ts';
import type { NamedNotifier } from '../notify/notifier.ts';
import { type ConfigurationFile, fileSchema } from './file.ts';
import { complaintsOfNotifiers, namedNotifiers } from './notifiers.ts';
import type { SettingFault } from './setting-fault.ts';

/** The configuration file as it was read: what its schema says, and the notifiers as their kinds read them. */
export interface FileContent {
  file: ConfigurationFile;
  notifiers: NamedNotifier[];
}

/** Reads the file that KINTSUGI_CONFIG names; an empty one where it names none. Null where something is wrong, told in `faults`. */
export function readConfigurationFile(path: string | undefined, faults: SettingFault[]): FileContent | null {
  if (path === undefined) return { file: fileSchema.parse({}), notifiers: [] };
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    faults.push({
      name: 'KINTSUGI_CONFIG',
      message: `the file cannot be read: ${messageOf(thrown)}`,
      fix: 'name a readable YAML file, or leave the variable out',
    });
    return null;
  }
  const source = parseSource(path, text);
  const content = source.value ?? {};
  const complaints = [...complaintsOf(fileSchema, content), ...complaintsOfNotifiers(content)];
  const found = [...source.faults, ...complaints.map(source.locate)];
  faults.push(...found.map((fault) => ({ name: placeOf(fault), message: fault.message, fix: fault.fix })));
  if (found.length > 0) return null;
  const file = fileSchema.parse(content);
  const place = (at: Complaint['path']) => placeOf(source.locate({ path: at, at: 'value', message: '', fix: '' }));
  return { file, notifiers: namedNotifiers(file.notifiers.named, place) };
}

/** `file:line:column path`. */
function placeOf({ file, line, column, path }: Fault): string {
  return `${file}:${line}:${column}${path === '' ? '' : ` ${path}`}`;
}
