import { type Command, Option } from 'commander';
import type { OrderFields } from '../orders/give-order.ts';
import { reasonOption } from './options.ts';
import { registerOrder } from './order-command.ts';

/** `kintsugi retry ID` */
export default function register(program: Command): void {
  registerOrder(
    program,
    'retry',
    'have a remedy tried next, also one that was tried before; it is planned, and asks for approval as ever',
    [
      new Option('--remedy <name>', 'which one, as the runbook names it'),
      new Option('--cause <name>', 'what it really is: the next remedy of that cause'),
      reasonOption(),
    ],
    { name: 'retry', fields: ({ remedy, cause }) => ({ ...named('remedy', remedy), ...named('cause', cause) }) },
  );
}

function named(key: 'remedy' | 'cause', value: unknown): Partial<OrderFields> {
  return typeof value === 'string' ? { [key]: value } : {};
}
