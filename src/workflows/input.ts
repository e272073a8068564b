import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { after } from '../recovery/durations.ts';
import type { EventBody } from '../recovery/events.ts';
import { DEFAULT_DEADLINE_MS } from '../recovery/fold-alerts.ts';
import { parseTarget, parseWorkflowId, targetKinds } from '../recovery/ids.ts';
import type { OrderProof } from '../recovery/signed-order.ts';
import type { Mode, Params } from '../recovery/values.ts';
import { legible, nameOf } from '../recovery/words.ts';
import { parseProof } from './messages.ts';

/** What a start may say; every field is optional, `{}` starts the runbook on its own target. */
export interface RecoveryInput {
  /** `namespace/kind/name`, e.g. `bruno/deployment/agent-bruno`. */
  target?: string;
  mode?: Mode;
  actor?: string;
  reason?: string;
  /** RFC 3339, in place of the runbook's first rung. */
  deadline?: string;
  /** Which of the runbook's procedures is started, and values for the runbook's parameters. */
  procedure?: string;
  params?: Params;
  /** The front door's signature of all this. */
  signed?: OrderProof;
}

const MODES: Mode[] = ['observe', 'approve', 'auto'];
const KNOWN = ['target', 'mode', 'cause', 'procedure', 'params', 'actor', 'reason', 'deadline', 'signed'];
/** What a start may carry of parameters, in bytes (durability 9). */
const MOST_PARAMS_BYTES = 8 * 1024;

/** Parses a start's one argument by hand (zod stays out of the sandbox). Throws one failure that lists all faults. */
export function parseInput(raw: unknown): RecoveryInput {
  if (raw === undefined || raw === null) return {};
  if (typeof raw !== 'object' || Array.isArray(raw))
    throw invalidInput(['the input is one object, e.g. {} or {"mode": "observe"}']);
  const faults: string[] = [];
  const given = Object.fromEntries(Object.entries(raw));
  for (const key of Object.keys(given)) {
    if (!KNOWN.includes(key)) faults.push(`"${key}" is not known; known are ${KNOWN.join(', ')}`);
  }
  const text = (key: string): string | undefined => {
    const value: unknown = given[key];
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value !== '') return value;
    faults.push(`"${key}" must be a text`);
    return undefined;
  };
  const target = text('target');
  if (target !== undefined && parseTarget(target) === null) {
    faults.push(`"target" must be namespace/kind/name with kind one of ${targetKinds.join(', ')}, not "${target}"`);
  }
  const modeText = text('mode');
  const mode = MODES.find((known) => known === modeText);
  if (modeText !== undefined && mode === undefined)
    faults.push(`"mode" must be one of ${MODES.join(', ')}, not "${modeText}"`);
  const deadline = text('deadline');
  if (deadline !== undefined && Number.isNaN(Date.parse(deadline))) {
    faults.push(`"deadline" must be a time like 2026-01-31T03:15:00Z, not "${deadline}"`);
  }
  const actor = text('actor');
  const reason = text('reason');
  const procedure = text('procedure');
  const params = paramsOf(given.params, faults);
  const signed = given.signed === undefined ? undefined : parseProof(given.signed);
  if (signed === null) faults.push('"signed" must be {at, key, signature}: the front door makes it');
  if (faults.length > 0) throw invalidInput(faults);
  return {
    ...(target === undefined ? {} : { target }),
    ...(mode === undefined ? {} : { mode }),
    ...(actor === undefined ? {} : { actor }),
    ...(reason === undefined ? {} : { reason }),
    ...(deadline === undefined ? {} : { deadline }),
    ...(procedure === undefined ? {} : { procedure }),
    ...(params === undefined ? {} : { params }),
    ...(signed == null ? {} : { signed }),
  };
}

/** Values by the parameters' names; what they may be is known only to the runbook, which its loading judges. */
function paramsOf(raw: unknown, faults: string[]): Params | undefined {
  if (raw === undefined) return undefined;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    faults.push('"params" must be an object: {"claim": "zeus-data"}');
    return undefined;
  }
  const text = JSON.stringify(raw);
  if (new TextEncoder().encode(text).length > MOST_PARAMS_BYTES) {
    faults.push(`"params" may have ${MOST_PARAMS_BYTES} bytes at most`);
    return undefined;
  }
  const params: Params = JSON.parse(text);
  return params;
}

function invalidInput(faults: string[]): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`the start's input is not valid: ${faults.join('; ')}`, 'InvalidInput');
}

type Said = Pick<RecoveryInput, 'actor' | 'reason'>;

/** Who started it and why, fit for every place where it is told; the front door signs it as it stands here. */
function saidOf({ actor = '', reason }: Said): Said {
  const name = nameOf(actor);
  return { ...(name === '' ? {} : { actor: name }), ...(reason === undefined ? {} : { reason: legible(reason) }) };
}

/** The same as it came: the front doors of before signed that. */
function sentOf({ actor, reason }: Said): Said {
  return { ...(actor === undefined ? {} : { actor }), ...(reason === undefined ? {} : { reason }) };
}

/**
 * The first event of a run, from its input and its own id; `startedBy`: whether a message came with the start; `asksSilences`: not
 * in a replay of a run that did not; `formerRules`: only in one of a run that began under them.
 */
export function openedEvent(
  input: RecoveryInput,
  startedBy: 'alert' | 'person',
  { asksSilences, formerRules }: { asksSilences: boolean; formerRules: boolean },
): EventBody {
  const { workflowId, firstExecutionRunId, workflowType, taskQueue, startTime } = workflowInfo();
  const now = new Date(Date.now()).toISOString();
  const own = parseWorkflowId(workflowId);
  const target = input.target === undefined ? own?.target : parseTarget(input.target);
  return {
    kind: 'opened',
    recoveryId: `${workflowId}@${firstExecutionRunId.slice(-8)}`,
    workflowId,
    // An id of the UI's making names no cluster; a replay's queue, on the other hand, is not the one that the run had.
    cluster: own?.cluster ?? taskQueue.replace(/^kintsugi-/, ''),
    runbookName: workflowType,
    target: target ?? null,
    startedBy,
    ...(formerRules ? sentOf(input) : saidOf(input)),
    ...(input.mode === undefined ? {} : { mode: input.mode }),
    startedAt: startTime.toISOString(),
    brokenSince: startTime.toISOString(),
    deadline: input.deadline ?? after(now, DEFAULT_DEADLINE_MS),
    deadlineGiven: input.deadline !== undefined,
    ...(input.procedure === undefined ? {} : { procedure: input.procedure }),
    ...(input.params === undefined ? {} : { params: input.params }),
    ...(asksSilences ? { asksSilences } : {}),
    ...(formerRules ? { formerRules } : {}),
    ...(input.signed === undefined ? {} : { signed: input.signed }),
  };
}
