import { type Command, Option } from 'commander';
import { openPage } from '../recovery/fold-pages.ts';
import type { RecoveryRecord } from '../recovery/record.ts';
import type { Mode } from '../recovery/values.ts';
import { EXIT } from './exit-codes.ts';
import { deadlineValue, jsonOption, reasonOption, targetValue } from './options.ts';
import { type JsonOption, printResult, say } from './output.ts';
import type { Session } from './recoveries.ts';
import { recordSummary } from './render.ts';
import type { StartInput } from './start-recovery.ts';

interface RunOptions extends JsonOption {
  target?: string;
  mode?: Mode;
  actor?: string;
  reason?: string;
  deadline?: string;
}

/** Where `run` stops following. */
type Ended = 'recovered' | 'paged' | 'observed' | 'closed';

/** `kintsugi run RUNBOOK` */
export default function register(program: Command): void {
  program
    .command('run')
    .description('start a recovery without an alert, and follow it until it has recovered, paged a person or ended')
    .argument('<runbook>', 'its name, as `kintsugi runbook list` shows it')
    .option('--target <namespace/kind/name>', "the workload, if it is not the runbook's own", targetValue)
    .addOption(
      new Option('--mode <mode>', 'how much it may do by itself; never more than runbook and worker allow').choices([
        'observe',
        'approve',
        'auto',
      ]),
    )
    .option('--actor <name>', 'who you are; it stands in the history')
    .addOption(reasonOption())
    .option('--deadline <time>', 'when a person is paged: 2026-01-31T03:15:00Z, or 20m from now', (text) =>
      deadlineValue(text),
    )
    .addOption(jsonOption())
    .action(run);
}

async function run(name: string, options: RunOptions): Promise<void> {
  const { withTemporal } = await import('./recoveries.ts');
  const { loadConfiguration } = await import('../configuration/configuration.ts');
  const { loadRunbook } = await import('../runbook/load.ts');
  const { startRecovery, targetOf } = await import('./start-recovery.ts');
  // What is wrong with the command itself is said before anything is asked of Temporal.
  const runbook = await loadRunbook(loadConfiguration(process.env).runbooks, name);
  const target = targetOf(runbook, options.target);
  await withTemporal(async (session) => {
    const start = await startRecovery(session, { runbook: name, target, input: inputOf(options) });
    if (start.joined)
      say(`a recovery of this target is open already: following ${start.workflowId}, as it was started`);
    const record = await follow(session, start.workflowId);
    report(record, start.joined, options);
  });
}

function inputOf({ target, mode, actor, reason, deadline }: RunOptions): StartInput {
  return {
    ...(target === undefined ? {} : { target }),
    ...(mode === undefined ? {} : { mode }),
    ...(actor === undefined ? {} : { actor }),
    ...(reason === undefined ? {} : { reason }),
    ...(deadline === undefined ? {} : { deadline }),
  };
}

/** Follows a recovery, and where it is sent on to (a pod's owner), until there is something to report. */
async function follow(session: Session, workflowId: string): Promise<RecoveryRecord> {
  const { followRecovery } = await import('./follow.ts');
  const { liveView } = await import('./live-view.ts');
  const view = liveView(process.stderr, (record) => record.forward !== null || endOf(record) !== null);
  const { record } = await followRecovery(session, workflowId, view);
  view.end();
  return record.forward === null ? record : follow(session, record.forward.to);
}

/** What a recovery has come to, or null while it has not: a page counts once it was tried to be sent. */
function endOf(record: RecoveryRecord): Ended | null {
  if (record.closed !== null) return record.closed.outcome === 'observed' ? 'observed' : 'closed';
  if (record.recovered !== null) return 'recovered';
  return openPage(record)?.rungs.some(({ tries }) => tries.length > 0) === true ? 'paged' : null;
}

function report(record: RecoveryRecord, joined: boolean, options: RunOptions): void {
  const ended = endOf(record);
  const { recoveryId, workflowId, runbookName, closed } = record;
  const outcome = closed?.outcome ?? null;
  const result = { id: recoveryId, workflowId, runbook: runbookName, joined, ended, outcome, record };
  printResult(options, result, () => `${ended}\n${recordSummary(record)}`);
  const good = ended === 'recovered' || ended === 'observed' || outcome?.startsWith('recovered') === true;
  if (!good) process.exitCode = EXIT.bad;
}
