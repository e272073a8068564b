import type { RunbookContent } from '../../src/recovery/activities.ts';
import type { Attempt } from '../../src/recovery/attempt.ts';
import type { EventBody } from '../../src/recovery/events.ts';
import { isSamePerson } from '../../src/recovery/people.ts';
import { openProcedure } from '../../src/recovery/procedures.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import type { Plan } from '../../src/recovery/values.ts';
import { raisePlan, smallRunbook, waitPlan } from './samples.ts';

/** What the simulation knows of procedures: their runbook, their plans, and the rules that no course of events may break. */

export const RESTORE = 'restore-snapshot';

const scaleDown: Plan = { ...raisePlan, action: 'scale', summary: 'scale agent-bruno from 1 to 0' };
const exported: Plan = { ...waitPlan, action: 'export-state', summary: 'export the state' };

/** The runbook of which a person starts the procedure `restore`; approved by `quorum` people, or by its start where that is 0. */
export function restoreRunbook(quorum: number): RunbookContent {
  const approval = quorum === 0 ? ('none' as const) : { quorum, expires: '30m', onExpiry: 'escalate' as const };
  const procedures = [{ name: 'restore', text: 'Restores it', approval, actions: [{ scale: { to: 0 } }] }];
  return smallRunbook(({ metadata, spec }) => ({
    metadata: { ...metadata, name: RESTORE },
    spec: { ...spec, alerts: { trigger: [], related: [] }, causes: [], procedures },
  }));
}

/** The plans that `restore` may come to: a change, one of high risk, one that stops the workload, or nothing that could be verified. */
export const RESTORE_PLANS: Plan[][] = [
  [scaleDown, waitPlan, { ...scaleDown, summary: 'scale agent-bruno from 0 to 1' }],
  [{ ...scaleDown, risk: 'high', dataLoss: 'what was written since is lost' }, waitPlan],
  [{ ...scaleDown, risk: 'medium', harm: 'stops-workload' }, waitPlan],
  [exported],
];

/** Rules that an event breaks, given the record right before it and the names whose approval the front door has vouched for. */
export function brokenRules(before: RecoveryRecord, event: EventBody, verified: readonly string[]): string[] {
  const open = openProcedure(before);
  switch (event.kind) {
    case 'recovered':
      return event.by === 'itself' && open !== null ? ['a healthy look ended a procedure'] : [];
    case 'action-started': {
      const attempt = before.attempts.find(({ n }) => n === event.n);
      return attempt?.ordered?.procedure === true ? unapproved(attempt, verified) : [];
    }
    case 'closed': {
      const called = before.pages.some(({ rungs }) => rungs.some(({ tries }) => tries.length > 0));
      const worse = before.procedure?.ended?.asBefore === false;
      const excused = before.closing !== null || before.takenOver !== undefined || before.recovered !== null;
      if (worse && !called && !excused) return ['a procedure left the target broken and nobody was called'];
      return open !== null && (event.outcome === 'done' || event.outcome === 'not-done')
        ? ['a recovery ended before its procedure']
        : [];
    }
    default:
      return [];
  }
}

function unapproved(
  { approval, plans, developmentCluster, actions, ordered }: Attempt,
  verified: readonly string[],
): string[] {
  const by = approval?.by ?? [];
  const people = by.filter((name, index) => by.findIndex((other) => isSamePerson(name, other)) === index);
  const rules = [];
  if (people.length < (approval?.quorum ?? 0)) rules.push('a procedure was begun without all of its approvals');
  const destroys = plans.some(
    ({ risk, dataLoss, harm }) => risk === 'high' || dataLoss !== undefined || harm !== undefined,
  );
  const grave = (destroys || (approval?.quorum ?? 1) > 1) && actions.length === 0;
  const vouched =
    people.length === 0
      ? ordered?.verified === true
      : by.every((name) => verified.some((other) => isSamePerson(name, other)));
  if (grave && !vouched && (developmentCluster !== true || people.length === 0))
    rules.push(
      'unverified people had a destructive plan, or one for several people, done outside of a development cluster',
    );
  return rules;
}
