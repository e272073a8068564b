import type { Activities, Diagnosis, Look, RunbookContent, Verification } from '../../src/recovery/activities.ts';
import type { Page } from '../../src/recovery/escalation.ts';
import { finding, raisePlan, smallRunbook, waitPlan } from '../recovery/samples.ts';

/** Activities that answer from a script, for tests of the workflow alone: what they were asked is written down. */
export interface Script {
  activities: Activities;
  /** Names of the activities in the order in which they began. */
  calls: string[];
  pages: { event: string; notifier: string; page: Page; at: number }[];
}

const broken: Diagnosis = {
  healthy: false,
  measure: { desired: 1, ready: 0, readyHeld: 0, longestLifeSeconds: 8 },
  evidence: { sha256: 'e'.repeat(64), bytes: 100, excerpt: {} },
  saw: '0 of 1 pods ready, agent-bruno OOMKilled 4 times',
};

export const healthyDiagnosis: Diagnosis = {
  ...broken,
  healthy: true,
  measure: { desired: 1, ready: 1, readyHeld: 1, longestLifeSeconds: 600 },
  saw: '1 of 1 pods ready',
};

export const passed: Verification = {
  result: 'pass',
  checks: [{ name: 'ready', result: 'pass', saw: '1 of 1 pods ready' }],
  better: true,
};

export const failed: Verification = {
  result: 'fail',
  checks: [{ name: 'ready', result: 'fail', saw: '0 of 1 pods ready' }],
  better: false,
};

export const healthyLook: Look = { healthy: true, broken: false, better: true, saw: '1 of 1 pods ready' };
export const brokenLook: Look = { healthy: false, broken: true, better: false, saw: '0 of 1 pods ready' };

/** Activities of a good course: diagnosed, classified, raised, verified; `changes` replaces some. */
export function script(changes: Partial<Activities> = {}, runbook: RunbookContent = smallRunbook()): Script {
  const calls: string[] = [];
  const pages: Script['pages'] = [];
  const good: Activities = {
    loadRunbook: async ({ name }) => ({ name, version: '1.0', digest: 'd'.repeat(64), runbook, workerMode: 'auto' }),
    findOwner: async () => ({
      found: 'workload',
      target: { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' },
    }),
    forward: async () => ({ workflowId: 'recovery/default/bruno/deployment/agent-bruno' }),
    diagnose: async () => broken,
    classify: async () => ({ findings: [finding], checklist: [], steps: [] }),
    planRemedy: async () => ({ plans: [raisePlan, waitPlan], digest: 'p'.repeat(64) }),
    applyAction: async () => ({ outcome: 'applied' }),
    verify: async () => passed,
    look: async () => healthyLook,
    readSilences: async () => ({ silence: null, unread: [], voice: null }),
    changeSilences: async () => ({ silences: [] }),
    checkAfterRecovery: async ({ points }) => ({
      items: points.map(({ id, text }) => ({ id, text, state: 'done', saw: `saw ${id}` })),
    }),
    compensate: async () => ({ outcome: 'undone' }),
    release: async () => undefined,
    escalate: async ({ event, notifier, page }) => {
      pages.push({ event, notifier, page, at: Date.now() });
      return { taken: true, providerId: 'provider-1' };
    },
    ...changes,
  };
  const noted = Object.fromEntries(
    Object.entries(good).map(([name, run]) => [
      name,
      (input: never) => {
        calls.push(name);
        return run(input);
      },
    ]),
  );
  return { activities: { ...good, ...noted }, calls, pages };
}

/** The runbook comes to a worker that lets every remedy wait for a person. */
export const inApproveMode: Partial<Activities> = {
  loadRunbook: async (input) => ({ ...(await script().activities.loadRunbook(input)), workerMode: 'approve' }),
};
