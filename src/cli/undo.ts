import type { Command } from 'commander';
import { attemptOption, reasonOption } from './options.ts';
import { registerOrder } from './order-command.ts';

/** `kintsugi undo ID` */
export default function register(program: Command): void {
  registerOrder(program, 'undo', 'take back what a remedy changed, also after it recovered', [
    attemptOption('which attempt; the last one whose change stands if not given'),
    reasonOption(),
  ]);
}
