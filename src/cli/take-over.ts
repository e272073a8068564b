import type { Command } from 'commander';
import { reasonOption } from './options.ts';
import { registerOrder } from './order-command.ts';

/** `kintsugi take-over ID` */
export default function register(program: Command): void {
  registerOrder(
    program,
    'takeOver',
    'take a recovery into your own hands: nothing is written any more, what stands is listed, nobody is paged for it',
    [reasonOption()],
    { name: 'take-over', fields: () => ({}) },
  );
}
