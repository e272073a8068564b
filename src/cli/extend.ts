import { type Command, Option } from 'commander';
import { reasonOption } from './options.ts';
import { registerOrder } from './order-command.ts';

/** `kintsugi extend ID` */
export default function register(program: Command): void {
  registerOrder(
    program,
    'extend',
    'move the deadline, once an episode: a person is paged that much later',
    [
      new Option('--by <duration>', 'how much, e.g. 10m; 15m at most').makeOptionMandatory(),
      reasonOption().makeOptionMandatory(),
    ],
    { name: 'extend', fields: ({ by }) => ({ by: String(by) }) },
  );
}
