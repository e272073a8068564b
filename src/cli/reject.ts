import { type Command, Option } from 'commander';
import { attemptOption, reasonOption } from './options.ts';
import { registerOrder } from './order-command.ts';

/** `kintsugi reject ID` */
export default function register(program: Command): void {
  registerOrder(program, 'reject', 'reject the remedy that waits: the next one is tried, or people are paged', [
    attemptOption('refused unless this very attempt waits'),
    new Option('--digest <sha256>', 'refused unless the plan is still the one with this digest'),
    reasonOption(),
  ]);
}
