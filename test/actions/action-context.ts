import type { ActionContext } from '../../src/actions/action.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import type { Builds } from '../../src/builds/builds.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import type { RunbookContent } from '../../src/recovery/activities.ts';
import type { Finding, Json, Plan, Target } from '../../src/recovery/values.ts';
import { memoryArtifacts, memoryBaselines, memoryExecutions } from './memory-stores.ts';
import { secrets } from './secrets.ts';

/** The recovery that the tests' writes belong to. */
export const RECOVERY = 'recovery/test/world/deployment/app@0badcafe';

/** No build hook is configured. */
export const noBuilds: Builds = {
  hook: () => undefined,
  names: [],
  notes: { read: async () => null, write: async () => undefined },
};

export function runbookFor(target: Target, dependencies: RunbookContent['spec']['dependencies'] = []): RunbookContent {
  const text = 'said in a test';
  return {
    metadata: { name: 'test', title: 'Test', version: '1', severity: 'critical', component: 'app', service: 'app' },
    spec: {
      params: {},
      procedures: [],
      symptom: text,
      impact: { user: { level: 'none', text }, business: { level: 'none', text }, data: { level: 'none', text } },
      alerts: { trigger: ['TestAlert'], related: [] },
      target: {
        namespace: target.namespace,
        kinds: ['Deployment', 'StatefulSet'],
        name: target.name,
        container: 'app',
      },
      variables: [],
      dependencies,
      causes: [],
      verify: { window: { crashes: 3, min: '60s', max: '300s' }, checks: ['ready'] },
      escalation: { team: 'test', steps: ['contact'], rungs: [{ after: '15m', notify: ['log'] }] },
      settle: '30m',
      prevention: [],
      checklist: [],
      links: [],
    },
  };
}

export const finding: Finding = {
  cause: 'oom-killed',
  label: 'oom-killed',
  key: 'oom-killed|app|',
  summary: 'app was OOM-killed',
  container: 'app',
  root: true,
  score: 1,
  quotes: [],
};

/** An action's surroundings for the target; anything may be put in its place. */
export function contextFor(kubernetes: Kubernetes, target: Target, over: Partial<ActionContext> = {}): ActionContext {
  return {
    kubernetes,
    target,
    runbook: runbookFor(target),
    finding,
    recoveryId: RECOVERY,
    step: 5,
    brokenSince: new Date(Date.now() + 60_000).toISOString(),
    earlier: [],
    baselines: memoryBaselines(),
    mirrors: {},
    runbooks: '/nowhere/runbooks',
    builds: noBuilds,
    secrets,
    artifacts: memoryArtifacts(),
    executions: memoryExecutions(),
    isRunOpen: async () => false,
    heartbeat: () => undefined,
    signal: new AbortController().signal,
    ...over,
  };
}

/** An action's plan for the target, with the parameters as its schema makes them. */
export async function planned(
  context: ActionContext,
  name: string,
  params: { [key: string]: Json } = {},
): Promise<Plan> {
  const action = actionNamed(name);
  return action.plan(context, action.params.parse(params));
}
