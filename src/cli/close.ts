import { type Command, Option } from 'commander';
import { reasonOption } from './options.ts';
import { registerOrder } from './order-command.ts';

/** `kintsugi close ID` */
export default function register(program: Command): void {
  registerOrder(program, 'close', 'end a recovery: it stops, undoes what did not help, and closes', [
    new Option('--root-cause <text>', 'what was really wrong; it stands in the history'),
    reasonOption(),
  ]);
}
