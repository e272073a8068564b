import { ApplicationFailure, patched } from '@temporalio/workflow';
import type { StandingUndo } from '../recovery/activities.ts';
import { adoptionKey } from '../recovery/adopted.ts';
import type { Attempt, Requested } from '../recovery/attempt.ts';
import { milliseconds } from '../recovery/durations.ts';
import type { EventBody } from '../recovery/events.ts';
import { heldPlans, standingHold, verifyAgain } from '../recovery/holds.ts';
import { requestOf } from '../recovery/ordered.ts';
import { canonicalWorkflowId, effectiveMode, leadingFinding } from '../recovery/policy.ts';
import { lookedAtPoints, postRecoveryEvent } from '../recovery/post-recovery.ts';
import type { RecoveryRecord } from '../recovery/record.ts';
import { alertLabels, goesOnUnread, heldBackEvents } from '../recovery/silences.ts';
import { findingBy } from '../recovery/steering.ts';
import { refusedRemedy } from '../recovery/step-failures.ts';
import type { TargetStep } from '../recovery/steps.ts';
import { takenBack } from '../recovery/taken-back.ts';
import type { Finding } from '../recovery/values.ts';
import { activities } from './activities.ts';
import { judgedStart } from './start-proof.ts';
import { contextOf, lookContextOf } from './step-context.ts';

/**
 * Runs one step of the lane that acts on the target: its activity, and the events that come of it. `started` is the record right after the
 * step's own started event, whose seq is the step's number.
 */
export async function runTargetStep(started: RecoveryRecord, step: TargetStep): Promise<EventBody[]> {
  switch (step.name) {
    case 'load-runbook':
      return loadRunbook(started);
    case 'find-owner':
      return findOwner(started);
    case 'forward':
      return forward(started);
    case 'diagnose': {
      const { round } = step;
      const { standing, ...diagnosis } = await activities
        .reading(`diagnose, round ${round}`)
        .diagnose({ ...contextOf(started), round, brokenSince: started.episode.brokenSince });
      return [{ kind: 'diagnosed', round, ...diagnosis }, ...adoption(started, standing)];
    }
    case 'classify':
      return classify(started, step.round);
    case 'plan':
      return plan(started, step);
    case 'apply':
      return apply(started, attemptOf(started, step.n), step.i);
    case 'verify':
      return verify(started, attemptOf(started, step.n));
    case 'assess':
      return assess(started, attemptOf(started, step.n));
    case 'undo':
      return undo(started, attemptOf(started, step.n), step.i);
    case 'look': {
      const standing = started.mitigation === undefined ? null : standingHold(started);
      const { healthy, broken, saw, hold, measure } = await activities.looking('look').look({
        ...lookContextOf(started),
        ...(started.look.at === null ? {} : { since: started.look.at }),
        ...(standing === null ? {} : { hold: { plan: standing.plan, changes: heldPlans(started, standing) } }),
      });
      const seen = { ...(measure === undefined ? {} : { measure }), ...(hold === undefined ? {} : { hold }) };
      return [{ kind: 'watched', healthy, broken, saw, ...seen }];
    }
    case 'post-recovery': {
      const { items } = await activities.reading('the points after the recovery').checkAfterRecovery({
        ...lookContextOf(started),
        since: started.recovered?.at ?? started.now,
        points: lookedAtPoints(started),
      });
      return [postRecoveryEvent(started, items)];
    }
    case 'release':
      await activities.reading('give the lease back').release(lookContextOf(started));
      return [{ kind: 'released' }];
  }
}

/** Changes of a run that was cut short, once each; in observe mode nothing is written, not even an undo. */
function adoption(record: RecoveryRecord, standing: StandingUndo | undefined): EventBody[] {
  if (standing === undefined || effectiveMode(record) === 'observe') return [];
  const { from, plans } = standing;
  if (record.attempts.some(({ findingKey }) => findingKey === adoptionKey(from))) return [];
  return [{ kind: 'adopted', n: record.attempts.length + 1, from, plans }];
}

function attemptOf(record: RecoveryRecord, n: number): Attempt {
  const attempt = record.attempts.find((candidate) => candidate.n === n);
  if (attempt === undefined) throw ApplicationFailure.nonRetryable(`there is no attempt ${n}`, 'invalid');
  return attempt;
}

async function loadRunbook(record: RecoveryRecord): Promise<EventBody[]> {
  const { runbookName: name, target, startedBy, start } = record;
  const { by = startedBy, ...said } = start ?? {};
  const input = { name, target, startedBy: by, ...said };
  const loaded = await activities.reading(`load runbook ${name}`).loadRunbook(input);
  return [...judgedStart(record, loaded.orderKeys), { kind: 'runbook-loaded', ...loaded }];
}

async function findOwner(record: RecoveryRecord): Promise<EventBody[]> {
  const { namespace, name } = record.target ?? { namespace: '', name: '' };
  const owner = await activities
    .reading(`find the owner of pod ${name}`)
    .findOwner({ namespace, pod: name, runbook: record.runbookName });
  if (owner.found === 'workload') return [{ kind: 'owner-found', target: owner.target }];
  return [{ kind: 'owner-gone', healthy: owner.healthy, saw: owner.saw }];
}

async function forward(record: RecoveryRecord): Promise<EventBody[]> {
  const { target, runbook, inputMode, actor, reason, procedure, start } = record;
  if (target === null || runbook === null) return [];
  const to = canonicalWorkflowId(record) ?? '';
  const alerts = Object.values(record.alerts);
  await activities.reading(`forward to ${to}`).forward({
    to: target,
    runbook: runbook.name,
    digest: runbook.digest,
    alerts: alerts.map(({ count: _count, receivedAt: _receivedAt, ...alert }) => alert),
    input: {
      ...(inputMode === undefined ? {} : { mode: inputMode }),
      ...(actor === undefined ? {} : { actor }),
      ...(reason === undefined ? {} : { reason }),
      ...(procedure?.name == null ? {} : { procedure: procedure.name }),
      ...(start?.params === undefined ? {} : { params: start.params }),
    },
  });
  const arrived = alerts.reduce((sum, { count }) => sum + count, 0);
  return [{ kind: 'forwarded', to, alerts: arrived - (record.forward?.sent ?? 0) }];
}

async function classify(record: RecoveryRecord, round: number): Promise<EventBody[]> {
  const evidence = record.diagnosis?.evidence ?? { sha256: '', bytes: 0, excerpt: null };
  const { findings, checklist, steps, prevention } = await activities
    .reading(`classify, round ${round}`)
    .classify({ ...contextOf(record), evidence, brokenSince: record.episode.brokenSince });
  return [
    { kind: 'classified', round, findings },
    { kind: 'checklist', items: checklist, steps, ...(prevention === undefined ? {} : { prevention }) },
  ];
}

async function plan(record: RecoveryRecord, step: TargetStep & { name: 'plan' }): Promise<EventBody[]> {
  const { n, cause, remedy, findingKey } = step;
  const { plans, digest, developmentCluster } = await activities.reading(`plan ${remedy}`).planRemedy({
    ...contextOf(record),
    n,
    ...subjectOf(record, findingKey, requestOf(record, findingKey)),
    remedy,
    brokenSince: record.episode.brokenSince,
    onlyShown: effectiveMode(record) === 'observe',
  });
  const refusal = plans.find((candidate) => candidate.refusal !== undefined)?.refusal;
  if (refusal !== undefined) return [refusedRemedy(step, refusal.code, refusal.reason)];
  const back = isNamed(record, step) ? null : takenBack(record, plans);
  if (back !== null && patched(TAKEN_BACK_STAYS)) {
    const why = `it would make the changes of attempt ${back.n} (${back.remedy}) again, which ${back.by} had undone`;
    return [refusedRemedy(step, 'taken-back', why)];
  }
  const where = developmentCluster === undefined ? {} : { developmentCluster };
  return [{ kind: 'planned', n, cause, remedy, findingKey, plans, digest, ...where }];
}

/** Runs of before planned what a person had undone like anything else. */
const TAKEN_BACK_STAYS = 'what-a-person-had-undone-is-not-made-again';

/** Whether a person asked for just this: an order of actions, or a remedy by its name. */
function isNamed(record: RecoveryRecord, { cause, remedy, findingKey }: TargetStep & { name: 'plan' }): boolean {
  const { retry } = record;
  return requestOf(record, findingKey) !== undefined || (retry?.cause === cause && retry.remedy === remedy);
}

/** What a plan is about: the finding that a remedy is for; of what was ordered the leading one, if there is any, and the actions. */
function subjectOf(record: RecoveryRecord, key: string, order: Requested | undefined) {
  if (order === undefined) return { finding: findingOf(record, key) };
  const finding = leadingFinding(record) ?? { ...NOT_DIAGNOSED, key };
  return order.procedure === true ? { finding, procedure: order.procedure } : { finding, ordered: order.calls };
}

const NOT_DIAGNOSED: Omit<Finding, 'key'> = {
  cause: 'unknown',
  label: 'unknown',
  summary: 'the target is not diagnosed yet',
  root: true,
  score: 0,
  quotes: [],
};

function findingOf(record: RecoveryRecord, key: string): Finding {
  const finding = findingBy(record, key);
  if (finding === null) throw ApplicationFailure.nonRetryable(`there is no finding ${key}`, 'invalid');
  return finding;
}

async function apply(record: RecoveryRecord, attempt: Attempt, i: number): Promise<EventBody[]> {
  const { n, remedy } = attempt;
  const recorded = attempt.plans[i];
  if (recorded === undefined) throw ApplicationFailure.nonRetryable(`attempt ${n} has no action ${i}`, 'invalid');
  const result = await activities.writing(recorded.summary, recorded.waitSeconds).applyAction({
    ...contextOf(record),
    n,
    i,
    remedy,
    ...subjectOf(record, attempt.findingKey, attempt.ordered),
    brokenSince: record.episode.brokenSince,
    step: record.seq,
    plan: recorded,
    earlier: attempt.plans.slice(0, i),
    approved: attempt.approval !== null && attempt.approval.by.length >= attempt.approval.quorum,
    ...(record.silences === undefined ? {} : { alerts: alertLabels(record) }),
    ...(goesOnUnread(record, attempt, i) ? { goesOnUnread: true as const } : {}),
  });
  switch (result.outcome) {
    case 'applied':
    case 'unchanged': {
      const saw = result.saw === undefined ? {} : { saw: result.saw };
      return [{ kind: 'action-finished', n, i, outcome: result.outcome, ...saw }];
    }
    case 'failed':
      return [{ kind: 'action-finished', n, i, outcome: 'failed', error: result.error }];
    case 'held-back':
      return heldBackEvents(record, { n, i }, result);
    case 'replanned':
      return [{ kind: 'replanned', n, i, plan: result.plan, digest: `${attempt.digest}/${attempt.replans + 1}` }];
  }
}

async function verify(record: RecoveryRecord, attempt: Attempt): Promise<EventBody[]> {
  const windowSeconds = milliseconds(record.runbook?.content.spec.verify.window.max ?? '300s') / 1000;
  const { result, checks, better } = await activities.verifying(`verify ${attempt.remedy}`, windowSeconds).verify({
    ...lookContextOf(record),
    before: attempt.before ?? { desired: 0, ready: 0, readyHeld: 0, longestLifeSeconds: 0 },
    ...(attempt.changedAt === null ? {} : { changedAt: attempt.changedAt }),
    // After a hold has expired its owner has put its own values back: they are not those of the plan.
    plans:
      verifyAgain(record) !== null && record.mitigation?.git !== 'equal'
        ? []
        : attempt.plans.slice(0, attempt.actions.length),
    cause: attempt.cause,
  });
  return [{ kind: 'verified', n: attempt.n, result, checks, better }];
}

async function assess(record: RecoveryRecord, attempt: Attempt): Promise<EventBody[]> {
  const { healthy, better, saw } = await activities.looking(`is it better after ${attempt.remedy}?`).look({
    ...lookContextOf(record),
    ...(attempt.before === null ? {} : { before: attempt.before }),
  });
  return [{ kind: 'assessed', n: attempt.n, better, healthy, saw }];
}

async function undo(record: RecoveryRecord, attempt: Attempt, i: number): Promise<EventBody[]> {
  const recorded = attempt.plans[i];
  if (recorded === undefined)
    throw ApplicationFailure.nonRetryable(`attempt ${attempt.n} has no action ${i}`, 'invalid');
  const { outcome, saw, stands } = await activities
    .writing(`undo: ${recorded.summary}`, recorded.waitSeconds)
    .compensate({ ...lookContextOf(record), plan: recorded, step: record.seq });
  const told = { ...(saw === undefined ? {} : { saw }), ...(stands === undefined ? {} : { stands }) };
  return [{ kind: 'undo-finished', n: attempt.n, i, outcome, ...told }];
}
