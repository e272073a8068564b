import type { Command } from 'commander';
import { reasonOption } from './options.ts';
import { registerOrder } from './order-command.ts';

/** `kintsugi hand-back ID` */
export default function register(program: Command): void {
  registerOrder(
    program,
    'handBack',
    'hand a recovery back that was taken over: it diagnoses anew and goes on with what it knows of before; a page that came with it climbs on',
    [reasonOption()],
    { name: 'hand-back', fields: () => ({}) },
  );
}
