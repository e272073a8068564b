import type { Command } from 'commander';
import { actorOption, jsonOption, reasonOption, statedActor } from './options.ts';
import { type JsonOption, printResult } from './output.ts';

/** `kintsugi resume` */
export default function register(program: Command): void {
  program
    .command('resume')
    .description('let remedies go on that `kintsugi pause` stopped')
    .addOption(actorOption())
    .addOption(reasonOption())
    .addOption(jsonOption())
    .action(resumeRemedies);
}

async function resumeRemedies(options: JsonOption & { actor?: string; reason?: string }): Promise<void> {
  const actor = statedActor(options.actor);
  const { reason = '' } = options;
  const { resume } = await import('../activities/pause.ts');
  const { pauseSwitch } = await import('./cluster.ts');
  const where = pauseSwitch();
  const state = await resume(where, { actor, reason });
  const result = { ...state, cluster: where.cluster, namespace: where.namespace };
  printResult(options, result, () => `resumed: remedies on ${where.cluster} go on`);
}
