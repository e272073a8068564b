import { type ResolvedCall, resolveCall, resolveParameters } from '../actions/parameters.ts';
import { KintsugiError } from '../errors.ts';
import type { PlanInput } from '../recovery/activities.ts';
import { liveNames } from '../runbook/references.ts';
import type { Procedure, Remedy } from '../runbook/schema.ts';

/** The actions of what a person ordered, else of the runbook's procedure or remedy of that name. */
export function callsOf(input: PlanInput): ResolvedCall[] {
  const { spec } = input.runbook;
  const live = liveNames({ target: input.target, container: input.finding.container });
  if (input.ordered !== undefined) return input.ordered.map((call) => resolveCall(call, spec, live));
  const { actions } = input.procedure === true ? procedureOf(input) : remedyOf(input);
  return actions.map((call) => resolveParameters(call, spec, live));
}

/** How many people the runbook wants to approve: one where it says nothing, or a person ordered the actions themselves. */
export function quorumOf(input: PlanInput): number {
  if (input.ordered !== undefined) return 1;
  const { approval } = input.procedure === true ? procedureOf(input) : remedyOf(input);
  return approval === 'none' ? 1 : approval.quorum;
}

function procedureOf({ runbook, remedy }: PlanInput): Procedure {
  const { procedures } = runbook.spec;
  const found = procedures.find(({ name }) => name === remedy);
  if (found !== undefined) return found;
  throw new KintsugiError('invalid', `the runbook has no procedure '${remedy}'`, {
    where: `runbook ${runbook.metadata.name}`,
    fix: `Name one of: ${procedures.map(({ name }) => name).join(', ') || 'it has none'}.`,
  });
}

function remedyOf({ runbook, finding, remedy }: PlanInput): Remedy {
  const entry = runbook.spec.causes.find(({ cause }) => cause === finding.cause);
  const found = entry?.remedies.find(({ name }) => name === remedy);
  if (found !== undefined) return found;
  throw new KintsugiError('invalid', `cause ${finding.cause} has no remedy '${remedy}'`, {
    where: `runbook ${runbook.metadata.name}`,
    fix: `Name one of: ${entry?.remedies.map(({ name }) => name).join(', ') || 'the cause has none'}.`,
  });
}
