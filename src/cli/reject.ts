import type { Command } from 'commander';
import { registerAnswer } from './answer-command.ts';

/** `kintsugi reject ID` */
export default function register(program: Command): void {
  registerAnswer(
    program,
    'reject',
    'reject the remedy that waits, which is shown: the next one is tried, or people are paged',
  );
}
