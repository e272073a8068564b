import type { Command } from 'commander';
import { registerOrder } from './order-command.ts';

/** `kintsugi note ID TEXT` */
export default function register(program: Command): void {
  registerOrder(program, 'note', 'say something to whoever reads the recovery, or has its page', [], {
    name: 'note',
    text: 'what there is to say',
    fields: () => ({}),
  });
}
