import { type Command, Option } from 'commander';
import type { OrderFields } from '../orders/give-order.ts';
import { namedOutcomes } from '../recovery/orders.ts';
import { reasonOption } from './options.ts';
import { registerOrder } from './order-command.ts';

/** `kintsugi close ID` */
export default function register(program: Command): void {
  registerOrder(
    program,
    'close',
    'end a recovery: it stops, undoes what is under way and has not verified, and closes; what was kept is named',
    [
      new Option('--outcome <name>', 'how it ended; closed if not given').choices(namedOutcomes),
      new Option('--root-cause <text>', 'what was really wrong; it stands in the history'),
      reasonOption(),
    ],
    { name: 'close', fields: (flags) => outcomeOf(flags.outcome) },
  );
}

function outcomeOf(value: unknown): Partial<OrderFields> {
  const outcome = namedOutcomes.find((known) => known === value);
  return outcome === undefined ? {} : { outcome };
}
