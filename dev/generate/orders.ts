import type { RunbookContent } from '../../src/recovery/activities.ts';
import { decideNext } from '../../src/recovery/decide.ts';
import type { OrderName } from '../../src/recovery/events.ts';
import { personsOrders } from '../../src/recovery/orders.ts';
import { type Phase, phaseOf } from '../../src/recovery/phase.ts';
import type { OrderArgs, RecoveryRecord } from '../../src/recovery/record.ts';
import type { PeopleStep, TargetStep } from '../../src/recovery/steps.ts';
import { orderEvents } from '../../src/workflows/messages.ts';
import { page, table } from './markdown.ts';
import { CAUSE, happened, phaseStories, recordIn, type StoryName, withFacts } from './phases.ts';

/** What becomes of every order in every phase, found out by giving it. */

/** The answer to an order in a phase: taken, with the phase after it and what is done next; or refused, with the reason. */
export type OrderAnswer = { taken: true; phase: Phase; effect: string } | { taken: false; reason: string };

export const everyOrder: readonly OrderName[] = [...personsOrders, 'cancel'];

/** What is said with each order here, besides who gives it: everything else needs nothing said. */
export function argumentsOf(name: OrderName, runbook: RunbookContent): OrderArgs {
  switch (name) {
    // Which plan it is of: in these stories each has this digest.
    case 'approve':
      return { digest: 'd' };
    case 'retry': {
      const entry = runbook.spec.causes.find(({ cause }) => cause === CAUSE);
      return { remedy: entry?.remedies[0]?.name ?? '' };
    }
    case 'extend':
      return { by: '10m', reason: 'I am on it' };
    case 'note':
      return { text: 'Redis was moved today' };
    case 'run':
      return { action: 'debug-session' };
    case 'close':
      return { rootCause: 'a leak' };
    default:
      return {};
  }
}

/** What becomes of an order in a phase; times in reasons are left out, since each recovery has its own. */
export function answerTo(name: OrderName, storyName: StoryName, runbook: RunbookContent): OrderAnswer {
  const story = phaseStories.find((candidate) => candidate.name === storyName);
  if (story === undefined) throw new Error(`there is no story ${storyName}`);
  const record = recordIn(story, runbook);
  const order = { id: 'o', recoveryId: record.recoveryId, name, actor: 'bo', verified: false };
  const events = orderEvents(record, { ...order, args: argumentsOf(name, runbook) });
  const [event] = events;
  if (event?.kind !== 'order') throw new Error(`order ${name} came to nothing in ${storyName}`);
  if (!event.accepted) return { taken: false, reason: reasonText(event.reason ?? '') };
  const now = withFacts(events.reduce(happened, record));
  const { stopTarget } = decideNext(now);
  const step = now.inFlight.target?.step;
  // Reading hears that it is stopped at once; a write is waited for.
  const isRead = stopTarget && step !== undefined && step !== 'apply' && step !== 'undo';
  const after = isRead ? withFacts(happened(now, { kind: 'step-stopped', lane: 'target', step })) : now;
  const stops = stopTarget && step !== undefined ? `stops ${step}` : '';
  return { taken: true, phase: phaseOf(after), effect: effectText(record, after, stops) };
}

/** A reason without what is possible instead, and without its times. */
export function reasonText(reason: string): string {
  return reason.replace(/; possible now: .*/s, '').replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME');
}

const DOES: Partial<Record<(TargetStep | PeopleStep)['name'], string>> = {
  diagnose: 'diagnoses anew',
  plan: 'plans',
  apply: 'writes',
  undo: 'undoes',
  look: 'looks',
  release: 'gives the lease back',
  'update-page': 'updates the page',
  'resolve-page': 'resolves the page',
  page: 'pages',
  'acknowledge-page': 'tells who has the page',
  'tell-answer': 'tells whoever was asked',
};

function effectText(before: RecoveryRecord, now: RecoveryRecord, stops: string): string {
  const { stopTarget, target, people } = decideNext(now);
  const { inFlight } = now;
  const phase = phaseOf(now);
  const parts = [
    phase === phaseOf(before) ? '' : `→ ${phase}`,
    now.closed === null ? '' : `closed as ${now.closed.outcome}`,
    stops,
    !stopTarget && now.closing !== null && inFlight.target !== null ? `waits for ${inFlight.target.step}` : '',
    ...now.attempts.flatMap(({ n, remedy, stage }) =>
      before.attempts.find((attempt) => attempt.n === n)?.stage === stage ? [] : [`${remedy}: ${stage}`],
    ),
    now.episode.deadline === before.episode.deadline ? '' : 'moves the deadline',
    now.requests.length > before.requests.length && target?.name !== 'plan' ? 'planned when the lane is free' : '',
    target === null ? '' : nextText(target),
    people === null ? '' : (DOES[people.name] ?? people.name),
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'stands in the record' : parts.join('; ');
}

function nextText(step: TargetStep): string {
  return step.name === 'plan' ? `plans ${step.remedy}` : (DOES[step.name] ?? step.name);
}

/** The reference page: a table of phase and order, and below it each refusal with its reason. */
export function ordersPage(runbook: RunbookContent): string {
  const phases = phaseStories.map(({ name }) => name);
  const sections = phaseStories.map(({ name: phase, how }) => {
    const rows = everyOrder.map((name) => {
      const answer = answerTo(name, phase, runbook);
      return [`\`${name}\``, answer.taken ? 'taken' : 'refused', answer.taken ? answer.effect : answer.reason];
    });
    return [`## ${phase}`, `Here: ${how}.`, table(['Order', '', 'What follows, or why not'], rows)].join('\n\n');
  });
  const overview = table(
    ['Order', ...phases],
    everyOrder.map((name) => [
      `\`${name}\``,
      ...phases.map((phase) => (answerTo(name, phase, runbook).taken ? 'taken' : '–')),
    ]),
  );
  const about =
    'What becomes of every order in every phase, found out by giving it to a recovery in that phase. `approve` names the plan by its digest: without it, it is refused, with what waits and how to approve it. A refusal also says what is possible at that moment. `cancel` is the cancellation in Temporal’s UI; every other name is an update, and a command of `kintsugi`. Who may give which order: `docs/security.md`.';
  return page('Orders', about, [overview, ...sections]);
}
