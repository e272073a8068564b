import { type Command, Option } from 'commander';
import { attemptOption, reasonOption } from './options.ts';
import { registerOrder } from './order-command.ts';

/** `kintsugi approve ID` */
export default function register(program: Command): void {
  registerOrder(program, 'approve', 'approve the remedy that waits', [
    attemptOption('refused unless this very attempt waits'),
    new Option('--digest <sha256>', 'refused unless the plan is still the one with this digest'),
    reasonOption(),
  ]);
}
