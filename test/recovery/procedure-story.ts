import type { EventBody } from '../../src/recovery/events.ts';
import { emptyRecord, type RecoveryRecord } from '../../src/recovery/record.ts';
import type { Mode, Plan } from '../../src/recovery/values.ts';
import type { Procedure } from '../../src/runbook/schema.ts';
import { raisePlan, smallRunbook, waitPlan } from './samples.ts';
import { at, decided, happen } from './story.ts';

/** A procedure told event by event: `restore` of the runbook `restore-snapshot`, which only people start. */

export const asks = { quorum: 1, expires: '30m', onExpiry: 'escalate' as const };

/** A runbook with the procedure `restore`, which only people start. */
export function restoring(approval: Procedure['approval'] = asks) {
  const procedures = [{ name: 'restore', text: 'Restores it', approval, actions: [{ scale: { to: 0 } }] }];
  return smallRunbook(({ metadata, spec }) => ({
    metadata: { ...metadata, name: 'restore-snapshot' },
    spec: { ...spec, alerts: { trigger: [], related: [] }, causes: [], procedures },
  }));
}

export const loaded = (approval?: Procedure['approval'], mode: Mode = 'auto'): EventBody => {
  const identity = { name: 'restore-snapshot', version: '1', digest: 'd', workerMode: mode };
  return { kind: 'runbook-loaded', ...identity, runbook: restoring(approval), procedure: 'restore' };
};

export const measure = { desired: 1, ready: 1, readyHeld: 1, longestLifeSeconds: 600 };
const evidence = { sha256: 'e', bytes: 1, excerpt: null };
export const well: EventBody = {
  kind: 'diagnosed',
  round: 1,
  healthy: true,
  measure,
  evidence,
  saw: '1 of 1 pods ready',
};

/** Started by a person, the runbook loaded. */
export function procedure({ mode = 'auto' as Mode, approval = asks as Procedure['approval'] } = {}): RecoveryRecord {
  const workflowId = 'recovery/default/bruno/deployment/agent-bruno';
  const opened: EventBody = {
    kind: 'opened',
    recoveryId: `${workflowId}@12345678`,
    workflowId,
    cluster: 'default',
    runbookName: 'restore-snapshot',
    target: { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' },
    startedBy: 'person',
    actor: 'ana',
    brokenSince: at(0),
    deadline: at(15),
    deadlineGiven: false,
    params: { claim: 'data' },
  };
  return happen(emptyRecord, 0, opened, loaded(approval, mode));
}

export const KEY = 'order|start-2';
export const scaleDown: Plan = { ...raisePlan, action: 'scale', summary: 'scale agent-bruno from 1 to 0' };

export function plannedAs(
  plans: Plan[] = [scaleDown, waitPlan],
  more: { developmentCluster?: boolean } = {},
): EventBody {
  return { kind: 'planned', n: 1, cause: 'unknown', remedy: 'restore', findingKey: KEY, plans, digest: 'd', ...more };
}

export const approve = (actor = 'ana'): EventBody => {
  return { kind: 'order', id: `by-${actor}`, name: 'approve', actor, verified: false, args: { n: 1 }, accepted: true };
};

/** Healthy, planned and asked for. */
export function asked(plan: EventBody = plannedAs(), options: Parameters<typeof procedure>[0] = {}): RecoveryRecord {
  return decided(happen(procedure(options), 0, well, plan)).record;
}

export const factsOf = ({ facts }: { facts: EventBody[] }) => facts.map(({ kind }) => kind);
