import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { planRemedy } from '../../src/activities/plan-remedy.ts';
import { createLogger } from '../../src/log.ts';
import type { PlanInput } from '../../src/recovery/activities.ts';
import { finding, noBuilds, RECOVERY, runbookFor } from '../actions/action-context.ts';
import { memoryArtifacts, memoryBaselines, memoryExecutions } from '../actions/memory-stores.ts';
import { type FakeApi, startFakeApi } from '../kubernetes/fake-api.ts';
import { livePod, targetRoutes } from './fake-target.ts';

const MARKER = 'GET /api/v1/namespaces/kube-system/configmaps/kintsugi-development-cluster';
const target = { namespace: 'test', kind: 'Deployment', name: 'app' };
type Approval = PlanInput['runbook']['spec']['procedures'][number]['approval'];

let api: FakeApi;
beforeEach(async () => {
  const routes = Object.entries(targetRoutes([livePod({})])).map(([path, route]) => [`GET ${path}`, route]);
  api = await startFakeApi({ ...Object.fromEntries(routes), [MARKER]: { kind: 'ConfigMap' } });
});
afterEach(() => api.close());

/** Plans the one action of a procedure, as the worker does. */
function plansOf(action: { [name: string]: object }, approval: Approval = 'none') {
  const runbook = runbookFor(target);
  const procedure = { name: 'it', text: 'Does it', approval, actions: [action] };
  const dependencies = {
    ...{ kubernetes: api.kubernetes, baselines: memoryBaselines(), artifacts: memoryArtifacts() },
    ...{ executions: memoryExecutions(), log: createLogger({ level: 'silent', component: 'test' }) },
    ...{ namespace: 'kintsugi', mirrors: {}, builds: noBuilds, runbooks: '/nowhere', isRunOpen: async () => false },
  };
  const input: PlanInput = {
    ...{ recoveryId: RECOVERY, target, finding, n: 1, remedy: 'it', procedure: true, onlyShown: true },
    ...{ runbook: { ...runbook, spec: { ...runbook.spec, procedures: [procedure] } } },
    brokenSince: new Date().toISOString(),
  };
  return planRemedy(dependencies, input, { heartbeat: () => undefined, signal: new AbortController().signal });
}

describe('the plans of a remedy', () => {
  test('say what an action takes from its target, and whether the cluster is for development', async () => {
    const { plans, developmentCluster } = await plansOf({ scale: { replicas: 0 } });
    expect(plans).toMatchObject([{ action: 'scale', risk: 'medium', harm: 'stops-workload' }]);
    expect(developmentCluster).toBe(true);
  });

  test('say it of the cluster where several people are to approve, whatever the plans do', async () => {
    const quorum = { quorum: 2, expires: '30m', onExpiry: 'escalate' as const };
    const { plans, developmentCluster } = await plansOf({ 'wait-ready': {} }, quorum);
    expect(plans).toMatchObject([{ action: 'wait-ready', risk: 'none' }]);
    expect(developmentCluster).toBe(true);
  });

  test('ask no more of the cluster where one unverified approval is enough', async () => {
    expect(await plansOf({ 'wait-ready': {} })).not.toHaveProperty('developmentCluster');
    expect(api.calls).not.toContain(MARKER);
  });
});
