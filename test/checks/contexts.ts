import type { CheckContext } from '../../src/checks/check.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import type { RunbookContent } from '../../src/recovery/activities.ts';
import { type Runbook, runbookSchema } from '../../src/runbook/schema.ts';
import type { TargetState } from '../../src/verification/target-state.ts';
import { targetState } from '../verification/objects.ts';

/** A runbook for the Deployment test/app, with the checks that a test asks for. */
export function runbookOf(
  checks: Runbook['spec']['verify']['checks'] = ['ready', 'restarts-stable'],
  target: Partial<Runbook['spec']['target']> = {},
): RunbookContent {
  return runbookSchema.parse({
    apiVersion: 'kintsugi.dev/v1',
    kind: 'Runbook',
    metadata: {
      name: 'app-crash',
      title: 'App crashes',
      version: '1',
      severity: 'critical',
      component: 'app',
      service: 'app',
    },
    spec: {
      symptom: 'App crashes',
      impact: {
        user: { level: 'high', text: 'No answers' },
        business: { level: 'low', text: 'None' },
        data: { level: 'none', text: 'None' },
      },
      alerts: { trigger: ['AppCrashes'] },
      target: { namespace: 'test', kinds: ['Deployment'], name: 'app', container: 'app', service: 'app:80', ...target },
      causes: [{ cause: 'unknown', person: 'Look at it.' }],
      verify: { window: { crashes: 3, min: '60s', max: '300s' }, checks },
      escalation: { team: 'app', steps: ['contact'] },
    },
  });
}

/** What a check is given: the target as it was read, one ready pod by default. */
export function contextOf(
  kubernetes: Kubernetes,
  state: TargetState = targetState(),
  runbook = runbookOf(),
): CheckContext {
  return {
    kubernetes,
    target: { namespace: 'test', kind: 'Deployment', name: 'app' },
    runbook,
    state,
    window: { seconds: 60, why: "the runbook's minimum" },
    recordedDesired: state.workload.replicas,
    signal: new AbortController().signal,
  };
}
