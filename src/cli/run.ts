import { type Command, Option } from 'commander';
import { openPage } from '../recovery/fold-pages.ts';
import type { RecoveryRecord } from '../recovery/record.ts';
import type { Mode, Params } from '../recovery/values.ts';
import type { StoredRunbook } from '../runbook/load.ts';
import type { Session } from '../temporal/recoveries.ts';
import type { StartInput } from '../temporal/start-recovery.ts';
import { EXIT } from './exit-codes.ts';
import { deadlineValue, jsonOption, paramOption, reasonOption, targetValue } from './options.ts';
import { type JsonOption, printResult, say } from './output.ts';
import { recordSummary } from './render.ts';

interface RunOptions extends JsonOption {
  target?: string;
  procedure?: string;
  param: { [name: string]: string };
  mode?: Mode;
  actor?: string;
  reason?: string;
  deadline?: string;
}

/** Where `run` stops following. */
type Ended = 'recovered' | 'paged' | 'observed' | 'closed' | 'procedure-ended';

/** `kintsugi run RUNBOOK [TARGET]` */
export default function register(program: Command): void {
  program
    .command('run')
    .description(
      'start a recovery without an alert, or a procedure, and follow it until it has recovered, paged a person or ended',
    )
    .argument('<runbook>', 'its name, as `kintsugi runbook list` shows it')
    .argument('[namespace/kind/name]', "the workload, if it is not the runbook's own", targetValue)
    .option('--target <namespace/kind/name>', 'the same as an option', targetValue)
    .option('--procedure <name>', 'what of the runbook is to be done; may be left out where there is only one thing')
    .addOption(paramOption())
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

async function run(name: string, named: string | undefined, options: RunOptions): Promise<void> {
  const { withTemporal } = await import('./with-temporal.ts');
  const { loadConfiguration } = await import('../configuration/configuration.ts');
  const { catalogueOf } = await import('../runbook/catalogue.ts');
  const { loadRunbook } = await import('../runbook/load.ts');
  const { startRecovery, targetOf } = await import('../temporal/start-recovery.ts');
  // What is wrong with the command itself is said before anything is asked of Temporal.
  const configuration = loadConfiguration(process.env);
  const runbook = await loadRunbook(configuration.runbooks, name, catalogueOf(configuration));
  const said = await startOf(runbook, options);
  const given = named ?? options.target;
  const target = targetOf(runbook, given);
  await withTemporal(async (session) => {
    const input = inputOf({ ...options, ...(given === undefined ? {} : { target: given }) }, said);
    const { workflowId, joined } = await startRecovery(session, { runbook: name, target, input });
    if (joined && said.procedure !== undefined) {
      const start = { runbook: name, procedure: said.procedure, params: said.params };
      await orderOnOpen(session, workflowId, { start, options });
      return;
    }
    if (joined) say(`a recovery of this target is open already: following ${workflowId}, as it was started`);
    const record = await follow(session, workflowId, endOf);
    report(record, { joined, ended: endOf(record) }, options);
  });
}

/** The procedure and the parameters of a start. Throws `invalid` with everything that is wrong with them. */
async function startOf(
  { name, runbook }: StoredRunbook,
  { procedure, param }: RunOptions,
): Promise<{ procedure?: string; params: Params }> {
  const { valueFromText } = await import('../runbook/parameters.ts');
  const { settleStart } = await import('../runbook/start.ts');
  const { spec } = runbook;
  const params = Object.fromEntries(
    Object.entries(param).map(([key, text]) => [key, valueFromText(spec.params[key], text)]),
  );
  const settled = settleStart(name, spec, { params, ...(procedure === undefined ? {} : { procedure }) });
  return { params, ...(settled.procedure === undefined ? {} : { procedure: settled.procedure }) };
}

function inputOf(
  { target, mode, actor, reason, deadline }: RunOptions,
  { procedure, params }: { procedure?: string; params: Params },
): StartInput {
  return {
    ...(target === undefined ? {} : { target }),
    ...(mode === undefined ? {} : { mode }),
    ...(actor === undefined ? {} : { actor }),
    ...(reason === undefined ? {} : { reason }),
    ...(deadline === undefined ? {} : { deadline }),
    ...(procedure === undefined ? {} : { procedure }),
    ...(Object.keys(params).length === 0 ? {} : { params }),
  };
}

/** A target has one recovery at a time: on an open one a procedure is an order, and is followed to its own end. */
async function orderOnOpen(
  session: Session,
  workflowId: string,
  { start, options }: { start: { runbook: string; procedure: string; params: Params }; options: RunOptions },
): Promise<void> {
  const { giveOrder } = await import('../orders/give-order.ts');
  const { KintsugiError } = await import('../errors.ts');
  const { actor, reason } = options;
  if (actor === undefined)
    throw new KintsugiError('invalid', 'a recovery of this target is open already, on which a procedure is an order', {
      where: workflowId,
      fix: 'say who gives it: add --actor NAME',
    });
  const order = await giveOrder(session, workflowId, 'run', {
    actor,
    ...start,
    ...(reason === undefined ? {} : { reason }),
  });
  say(`a recovery of this target is open already: ordered ${start.procedure} on ${order.recoveryId}`);
  const record = await follow(session, workflowId, (seen) => endOfOrder(seen, order.id));
  report(record, { joined: true, ended: endOfOrder(record, order.id), orderId: order.id }, options);
}

/** Follows a recovery, and where it is sent on to (a pod's owner), until there is something to report. */
async function follow(
  session: Session,
  workflowId: string,
  end: (record: RecoveryRecord) => Ended | null,
): Promise<RecoveryRecord> {
  const { followRecovery } = await import('./follow.ts');
  const { liveView } = await import('./live-view.ts');
  const view = liveView(process.stderr, (record) => record.forward !== null || end(record) !== null);
  const { record } = await followRecovery(session, workflowId, view);
  view.end();
  return record.forward === null ? record : follow(session, record.forward.to, end);
}

/** What a recovery has come to, or null while it has not: a page counts once it was tried to be sent. */
function endOf(record: RecoveryRecord): Ended | null {
  if (record.closed !== null) return record.closed.outcome === 'observed' ? 'observed' : 'closed';
  if (record.recovered !== null) return 'recovered';
  return openPage(record)?.rungs.some(({ tries }) => tries.length > 0) === true ? 'paged' : null;
}

/** What an ordered procedure has come to: the recovery that it was ordered on may have paged long before. */
function endOfOrder(record: RecoveryRecord, id: string): Ended | null {
  const { closed, orders, next, procedure } = record;
  if (attemptOf(record, id)?.stage === 'verified') return 'recovered';
  if (closed !== null) return 'closed';
  // An order that no worker has decided on yet is kept in Temporal.
  if (orders[id] === undefined || next?.id === id) return null;
  if (procedure?.id !== id) return 'procedure-ended';
  return procedure.ended === null ? null : 'procedure-ended';
}

function attemptOf({ attempts }: RecoveryRecord, id: string) {
  return attempts.find(({ ordered }) => ordered?.id === id);
}

/** Why a procedure was not done, or only planned; null where there is nothing to say. */
function reasonOf(record: RecoveryRecord, orderId: string | undefined): string | null {
  const { closed, procedure, orders } = record;
  if (orderId === undefined) return closed?.why ?? procedure?.ended?.why ?? null;
  const ended = procedure?.id === orderId ? procedure.ended?.why : undefined;
  return ended ?? attemptOf(record, orderId)?.why ?? orders[orderId]?.reason ?? null;
}

const GOOD_OUTCOMES: ReadonlySet<string> = new Set(['observed', 'done']);

function isGood(record: RecoveryRecord, ended: Ended | null, orderId: string | undefined): boolean {
  if (ended === 'recovered' || ended === 'observed') return true;
  if (ended === 'procedure-ended' && orderId !== undefined) {
    const outcome = record.procedure?.id === orderId ? record.procedure.ended?.outcome : undefined;
    return GOOD_OUTCOMES.has(outcome ?? '') || attemptOf(record, orderId)?.stage === 'done';
  }
  const outcome = record.closed?.outcome ?? '';
  return outcome.startsWith('recovered') || outcome === 'done';
}

function report(
  record: RecoveryRecord,
  { joined, ended, orderId }: { joined: boolean; ended: Ended | null; orderId?: string },
  options: RunOptions,
): void {
  const { recoveryId, workflowId, runbookName, closed } = record;
  const outcome = closed?.outcome ?? null;
  const why = reasonOf(record, orderId);
  const result = { id: recoveryId, workflowId, runbook: runbookName, joined, ended, outcome, why, record };
  printResult(options, result, () => `${outcome ?? ended}${why === null ? '' : `: ${why}`}\n${recordSummary(record)}`);
  if (!isGood(record, ended, orderId)) process.exitCode = EXIT.bad;
}
