import { type Command, Option } from 'commander';
import { type Answer, askedAttempt } from '../recovery/answers.ts';
import type { Attempt } from '../recovery/attempt.ts';
import { planDiff } from '../recovery/plan-diff.ts';
import type { AskedFields, FrontDoor } from './front-door.ts';
import { attemptOption, reasonOption } from './options.ts';
import { registerOrder } from './order-command.ts';
import { say } from './output.ts';
import { dataLossText } from './sentences.ts';

/** Adds a command that answers a question for approval: of exactly the plan that it shows, or that the flags name. */
export function registerAnswer(program: Command, answer: Answer, description: string): void {
  const options = [
    attemptOption('refused unless this very attempt waits; by default the one that is shown'),
    new Option(
      '--digest <sha256>',
      'refused unless the plan is still the one with this digest; by default the one that is shown',
    ),
    reasonOption(),
  ];
  registerOrder(program, answer, description, options, { prepare: shownAnswer });
}

/**
 * The answer as it is given: of the plan that waits now, which is shown on the way. What the flags name is taken at their word. Throws
 * where no worker answers: an answer that is kept is one of a plan that somebody has seen.
 */
async function shownAnswer(
  door: FrontDoor,
  id: string,
  fields: AskedFields,
): Promise<{ id: string; fields: AskedFields }> {
  if (fields.digest !== undefined) return { id, fields };
  const { stored, answer } = await door.find(id);
  if (stored.status !== 'RUNNING') return { id, fields };
  if ('error' in answer) throw answer.error;
  const asked = askedAttempt(answer.record);
  // What does not wait is for the recovery to refuse: it says what is possible.
  if (asked?.approval == null || (fields.n !== undefined && fields.n !== asked.n)) return { id, fields };
  say(planText(asked));
  return { id: stored.id, fields: { ...fields, n: asked.n, digest: asked.approval.digest } };
}

function planText({ n, remedy, plans, approval }: Attempt): string {
  const lost = dataLossText(plans).trim();
  return [
    ...(lost === '' ? [] : [lost]),
    `attempt ${n}, ${remedy} (digest ${approval?.digest}):`,
    ...plans.flatMap((plan) => [`  ${plan.summary}`, ...planDiff(plan).map((line) => `    ${line}`)]),
  ].join('\n');
}
