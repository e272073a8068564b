import type { Command } from 'commander';
import { reasonOption } from './options.ts';
import { registerOrder } from './order-command.ts';

/** `kintsugi ack ID` */
export default function register(program: Command): void {
  registerOrder(
    program,
    'acknowledge',
    'take a page on: it climbs no further, and its notifiers say who has it',
    [reasonOption()],
    {
      name: 'ack',
      fields: () => ({}),
    },
  );
}
