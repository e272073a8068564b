import type { Check, CheckContext } from '../checks/check.ts';
import { checkNames } from '../checks/names.ts';
import { checks } from '../checks/registry.ts';
import { messageOf } from '../errors.ts';
import type { CheckResult, Json } from '../recovery/values.ts';
import type { CheckCall } from '../runbook/schema.ts';

/** Each check's own schema parses its parameters right before it runs. */
const byName: Record<CheckName, Check<unknown>> = checks;
type CheckName = keyof typeof checks;

/** The most that one check may say; a verification's answer is at most 32 KiB (durability 9). */
const LONGEST_SAW = 600;

/** A check's answer, and whether a missing one keeps the target from counting as verified. */
export interface WeighedResult extends CheckResult {
  /** False where nothing was asked for: a `logs` check without a pattern. */
  needed: boolean;
}

/**
 * Runs the runbook's checks one after the other. `ready` and `restarts-stable` are always among them (safety 18, 19). One that
 * throws could not be run: `unknown`.
 */
export async function runChecks(context: CheckContext, calls: readonly CheckCall[]): Promise<WeighedResult[]> {
  const results: WeighedResult[] = [];
  for (const call of withEssentials(calls)) results.push(await runOne(context, call));
  return results;
}

/** Only what decides at once, for a target that is known to be bad: the others are told as not asked. */
export async function runEssentials(
  context: CheckContext,
  calls: readonly CheckCall[],
  why: string,
): Promise<WeighedResult[]> {
  const results: WeighedResult[] = [];
  for (const call of withEssentials(calls)) {
    const { name, params } = parts(call);
    if (name === 'ready' || name === 'restarts-stable') results.push(await runOne(context, call));
    else results.push({ name: titleOf(name, params), result: 'unknown', saw: `not asked: ${why}`, needed: false });
  }
  return results;
}

/** Fail if any failed; pass if none did and every one that was needed could be run. */
export function verdict(results: readonly WeighedResult[]): CheckResult['result'] {
  if (results.some(({ result }) => result === 'fail')) return 'fail';
  return results.some(({ result, needed }) => needed && result === 'unknown') ? 'unknown' : 'pass';
}

function withEssentials(calls: readonly CheckCall[]): CheckCall[] {
  const named = new Set(calls.map((call) => parts(call).name));
  const missing = (['ready', 'restarts-stable'] as const).filter((name) => !named.has(name));
  return [...missing, ...calls];
}

async function runOne(context: CheckContext, call: CheckCall): Promise<WeighedResult> {
  const { name, params } = parts(call);
  const check = byName[name];
  const needed = name !== 'logs' || params.healthy !== undefined;
  try {
    const { result, saw } = await check.run(context, check.params.parse(params));
    return { name: titleOf(name, params), result, saw: saw.slice(0, LONGEST_SAW), needed };
  } catch (thrown) {
    context.signal.throwIfAborted();
    const saw = `could not be run: ${messageOf(thrown)}`.slice(0, LONGEST_SAW);
    return { name: titleOf(name, params), result: 'unknown', saw, needed };
  }
}

function parts(call: CheckCall): { name: CheckName; params: Record<string, Json> } {
  if (typeof call === 'string') return { name: call, params: {} };
  for (const name of checkNames) {
    const params = call[name];
    if (params !== undefined) return { name, params };
  }
  throw new Error('a check call names no check: the schema should have refused it');
}

/** Two `http` checks are told apart by their path. */
function titleOf(name: string, params: Record<string, Json>): string {
  return typeof params.path === 'string' ? `${name} ${params.path}` : name;
}
