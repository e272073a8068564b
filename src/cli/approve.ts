import type { Command } from 'commander';
import { registerAnswer } from './answer-command.ts';

/** `kintsugi approve ID` */
export default function register(program: Command): void {
  registerAnswer(program, 'approve', 'approve the remedy that waits, which is shown');
}
