import { type Command, Option } from 'commander';
import type { Configuration } from '../configuration/configuration.ts';
import { KintsugiError } from '../errors.ts';
import { openPage } from '../recovery/fold-pages.ts';
import type { RecoveryRecord } from '../recovery/record.ts';
import type { Mode, Params } from '../recovery/values.ts';
import type { StoredRunbook } from '../runbook/load.ts';
import type { StartInput } from '../temporal/start-recovery.ts';
import { EXIT } from './exit-codes.ts';
import type { RecoverySource } from './follow.ts';
import type { Begun, FrontDoor } from './front-door.ts';
import { actorValue, deadlineValue, jsonOption, paramOption, reasonOption, targetValue } from './options.ts';
import { type JsonOption, printResult, say } from './output.ts';
import { recordSummary } from './record-summary.ts';

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
    .option('--actor <name>', 'who you are; it stands in the history', actorValue)
    .addOption(reasonOption())
    .option('--deadline <time>', 'when a person is paged: 2026-01-31T03:15:00Z, or 20m from now', (text) =>
      deadlineValue(text),
    )
    .addOption(jsonOption())
    .action(run);
}

async function run(name: string, named: string | undefined, options: RunOptions): Promise<void> {
  const { withFrontDoor } = await import('./front-door.ts');
  const { loadConfiguration } = await import('../configuration/configuration.ts');
  const configuration = loadConfiguration(process.env);
  const given = named ?? options.target;
  const all = { ...options, ...(given === undefined ? {} : { target: given }) };
  // What is wrong with the command itself is said before anything is asked of Temporal. A gateway has runbooks of its own.
  const start = configuration.url === undefined ? await startHere(name, all, configuration) : startThere(name, all);
  await withFrontDoor(async (door) => {
    const { workflowId, joined, orderId, recoveryId, procedure = 'the procedure' } = await start(door);
    if (orderId !== undefined) say(`a recovery of this target is open already: ordered ${procedure} on ${recoveryId}`);
    else if (joined) say(`a recovery of this target is open already: following ${workflowId}, as it was started`);
    const end = orderId === undefined ? endOf : (seen: RecoveryRecord) => endOfOrder(seen, orderId);
    const record = await follow(door.source, workflowId, end);
    report(record, { joined, ended: end(record), ...(orderId === undefined ? {} : { orderId }) }, options);
  });
}

type Starting = (door: FrontDoor) => Promise<Begun>;

/** A start by the gateway, which reads the runbook, knows the actor and decides what it comes to. */
function startThere(
  runbook: string,
  { target, procedure, param, mode, actor, reason, deadline }: RunOptions,
): Starting {
  return async ({ start }) => {
    if (start === undefined) throw new Error('the front door cannot start');
    return start({
      runbook,
      ...(target === undefined ? {} : { target }),
      ...(procedure === undefined ? {} : { procedure }),
      ...(Object.keys(param).length === 0 ? {} : { params: param }),
      ...(mode === undefined ? {} : { mode }),
      ...(actor === undefined ? {} : { actor }),
      ...(reason === undefined ? {} : { reason }),
      ...(deadline === undefined ? {} : { deadline }),
    });
  };
}

/** A start at Temporal, by the runbooks of this machine; on an open recovery a procedure is an order. */
async function startHere(name: string, options: RunOptions, configuration: Configuration): Promise<Starting> {
  const { catalogueOf } = await import('../runbook/catalogue.ts');
  const { loadRunbook } = await import('../runbook/load.ts');
  const { startRecovery, targetOf } = await import('../temporal/start-recovery.ts');
  const runbook = await loadRunbook(configuration.runbooks, name, catalogueOf(configuration));
  const said = await startOf(runbook, options);
  const target = targetOf(runbook, options.target);
  return async (door) => {
    if (door.session === undefined) throw new Error('the front door has no session with Temporal');
    const { workflowId, joined } = await startRecovery(door.session, {
      runbook: name,
      target,
      input: inputOf(options, said),
    });
    if (!joined || said.procedure === undefined) return { workflowId, joined };
    const start = { runbook: name, procedure: said.procedure, params: said.params };
    return { workflowId, joined, ...(await orderOnOpen(door, workflowId, { start, options })) };
  };
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
  door: FrontDoor,
  workflowId: string,
  { start, options }: { start: { runbook: string; procedure: string; params: Params }; options: RunOptions },
): Promise<{ orderId: string; recoveryId: string; procedure: string }> {
  const { actor, reason } = options;
  if (actor === undefined)
    throw new KintsugiError('invalid', 'a recovery of this target is open already, on which a procedure is an order', {
      where: workflowId,
      fix: 'say who gives it: add --actor NAME',
    });
  const { id, recoveryId } = await door.order(workflowId, 'run', {
    actor,
    ...start,
    ...(reason === undefined ? {} : { reason }),
  });
  return { orderId: id, recoveryId, procedure: start.procedure };
}

/** Follows a recovery, and where it is sent on to (a pod's owner), until there is something to report. */
async function follow(
  source: RecoverySource,
  workflowId: string,
  end: (record: RecoveryRecord) => Ended | null,
): Promise<RecoveryRecord> {
  const { followRecovery } = await import('./follow.ts');
  const { liveView } = await import('./live-view.ts');
  const view = liveView(process.stderr, (record) => record.forward !== null || end(record) !== null);
  const { record } = await followRecovery(source, workflowId, view);
  view.end();
  return record.forward === null ? record : follow(source, record.forward.to, end);
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
