import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { KintsugiError, messageOf } from '../errors.ts';
import { ID_ARGUMENT, jsonOption } from './options.ts';
import { type JsonOption, printResult } from './output.ts';

/** `kintsugi post-mortem ID` */
export default function register(program: Command): void {
  program
    .command('post-mortem')
    .description('write the draft of a post-mortem in Markdown; what is not known is left open in it')
    .argument('<id>', ID_ARGUMENT)
    .option('-o, --output <file>', 'write it there, unless the file is there already, and not to stdout')
    .addOption(jsonOption())
    .action(postMortem);
}

async function postMortem(id: string, options: JsonOption & { output?: string }): Promise<void> {
  const { withFrontDoor } = await import('./front-door.ts');
  const { postMortemDraft } = await import('./post-mortem/draft.ts');
  const { answer } = await withFrontDoor(({ find }) => find(id));
  // What Temporal alone knows is not enough for a draft.
  if ('error' in answer) throw answer.error;
  const { recoveryId } = answer.record;
  const markdown = postMortemDraft(answer);
  const { output } = options;
  if (output === undefined) {
    printResult(options, { recoveryId, markdown }, () => markdown.trimEnd());
    return;
  }
  await writeNew(output, markdown);
  printResult(options, { recoveryId, file: output }, () => `${output}: the draft of ${recoveryId}`);
}

/** A draft that somebody has gone on with is not written over. */
async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (thrown) {
    const exists = typeof thrown === 'object' && thrown !== null && 'code' in thrown && thrown.code === 'EEXIST';
    throw new KintsugiError(
      exists ? 'refused' : 'invalid',
      exists ? 'the file is there already' : `the draft cannot be written: ${messageOf(thrown)}`,
      { where: file, fix: 'Give another file to --output.', cause: thrown },
    );
  }
}
