import type { Command } from 'commander';
import type { RevisionEvidence } from '../diagnosis/evidence/change.ts';
import { formatTarget, parseTarget } from '../recovery/ids.ts';
import type { Target } from '../recovery/values.ts';
import { jsonOption, targetValue } from './options.ts';
import { type JsonOption, printResult, table } from './output.ts';

/** `kintsugi history ns/kind/name` */
export default function register(program: Command): void {
  program
    .command('history')
    .description(
      'show the revisions that a workload could go back to, and which were seen healthy; needs only KUBECONFIG',
    )
    .argument('<target>', 'namespace/kind/name, e.g. bruno/deployment/agent-bruno', targetValue)
    .addOption(jsonOption())
    .action(history);
}

async function history(text: string, options: JsonOption): Promise<void> {
  const target = parseTarget(text) ?? { namespace: '', kind: '', name: '' };
  const { readHistory } = await import('../activities/history.ts');
  const { configuredCluster } = await import('./cluster.ts');
  const { loadConfiguration } = await import('../configuration/configuration.ts');
  const configuration = loadConfiguration(process.env);
  const revisions = await readHistory(configuredCluster(configuration), configuration.namespace, target);
  printResult(options, { target, revisions }, () => historyText(target, revisions, new Date()));
}

/** The revisions as a table, the newest first. */
export function historyText(target: Target, revisions: RevisionEvidence[], now: Date): string {
  if (revisions.length === 0) return `${formatTarget(target)} keeps no revisions`;
  const heads = ['REVISION', 'NOW', 'AGE', 'READY', 'SEEN HEALTHY', 'IMAGES', 'DIGESTS', 'CHANGE CAUSE'];
  const rows = revisions.map((revision) => [
    revision.revision,
    revision.current ? 'yes' : '',
    ageOf(revision.createdAt, now),
    `${revision.ready}/${revision.replicas}`,
    revision.seenHealthyAt ?? 'never',
    revision.images.join(', '),
    (revision.digests ?? []).map((digest) => (digest === '' ? 'unknown' : digest.slice(0, 19))).join(', '),
    revision.changeCause ?? null,
  ]);
  return table(heads, rows);
}

/** As kubectl writes it: the two largest units would be more than anybody reads. */
function ageOf(since: string, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(since)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
