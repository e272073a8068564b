import { type Command, Option } from 'commander';
import { numberValue, reasonOption } from './options.ts';
import { registerOrder } from './order-command.ts';

/** `kintsugi rollback ID` */
export default function register(program: Command): void {
  registerOrder(program, 'rollback', 'go back to an earlier revision of the target, and verify it', [
    new Option(
      '--to-revision <number>',
      'which one, as `kintsugi history` numbers them; else the last healthy',
    ).argParser(numberValue('the number of a revision')),
    reasonOption(),
  ]);
}
