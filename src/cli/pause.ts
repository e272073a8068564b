import type { Command } from 'commander';
import { actorOption, jsonOption, reasonOption, statedActor } from './options.ts';
import { type JsonOption, printResult } from './output.ts';

/** `kintsugi pause` */
export default function register(program: Command): void {
  program
    .command('pause')
    .description('stop all remedies on this cluster before their next write; undoing and paging go on')
    .addOption(actorOption())
    .addOption(reasonOption().makeOptionMandatory())
    .addOption(jsonOption())
    .action(pauseRemedies);
}

async function pauseRemedies(options: JsonOption & { actor?: string; reason: string }): Promise<void> {
  const actor = statedActor(options.actor);
  const { reason } = options;
  const { pause } = await import('../activities/pause.ts');
  const { pauseSwitch } = await import('./cluster.ts');
  const where = pauseSwitch();
  const state = await pause(where, { actor, reason });
  const result = { ...state, cluster: where.cluster, namespace: where.namespace };
  printResult(options, result, () => `paused: no remedy writes on ${where.cluster} until \`kintsugi resume\``);
}
