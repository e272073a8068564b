import type { RunbookContent } from '../../src/recovery/activities.ts';
import type { Finding, Plan } from '../../src/recovery/values.ts';

/** Plain values for tests of the heart and of the workflow. */

export const finding: Finding = {
  cause: 'oom-killed',
  label: 'oom-killed',
  key: 'oom-killed|agent-bruno|memory',
  summary: 'container agent-bruno was OOM-killed at its limit of 1Gi',
  container: 'agent-bruno',
  root: true,
  score: 100,
  quotes: [{ source: 'pod status', text: 'reason: OOMKilled' }],
};

export const raisePlan: Plan = {
  action: 'set-resources',
  summary: 'raise the memory of container agent-bruno from 256Mi/1Gi to 512Mi/2Gi',
  risk: 'low',
  undo: 'on-failure',
  changes: [
    {
      type: 'field',
      object: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'bruno', name: 'agent-bruno' },
      path: '/spec/template/spec/containers/0/resources/limits/memory',
      before: { value: '1Gi' },
      after: { value: '2Gi' },
    },
  ],
  args: {},
  waitSeconds: 0,
};

const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'bruno', name: 'agent-bruno' };

export const holdPlan: Plan = {
  action: 'hold-gitops',
  summary: 'hold Kustomization flux-system/apps off Deployment bruno/agent-bruno',
  risk: 'low',
  undo: 'at-end',
  changes: [
    {
      type: 'field',
      object: deployment,
      path: '/metadata/annotations/kustomize.toolkit.fluxcd.io~1reconcile',
      before: { absent: true },
      after: { value: 'disabled' },
    },
  ],
  args: {},
  waitSeconds: 0,
  hold: { object: deployment, owner: 'Kustomization flux-system/apps', tool: 'flux-kustomization', expires: '12h' },
};

/** A ladder of three rungs, the last for everybody and again and again, and a note after a recovery without a page. */
export function withLadder({ spec, ...rest }: RunbookContent): RunbookContent {
  const rungs: typeof spec.escalation.rungs = [
    { after: '15m', notify: ['oncall', 'webhook', 'log'] },
    { after: '25m', notify: ['webhook', 'second'] },
    { after: '40m', notify: ['manager'], until: 'resolved', repeat: '40m' },
  ];
  return { ...rest, spec: { ...spec, escalation: { ...spec.escalation, rungs, note: ['chat', 'log'] } } };
}

export const waitPlan: Plan = {
  action: 'wait-ready',
  summary: 'wait up to 180 s until the pods are ready',
  risk: 'none',
  undo: 'none',
  changes: [],
  args: {},
  waitSeconds: 180,
};

/** A debug session beside the target, of a quarter of an hour. */
export const copyPlan: Plan = {
  action: 'debug-session',
  summary: 'start the debug pod agent-bruno-debug',
  risk: 'low',
  undo: 'at-end',
  changes: [
    { type: 'create', object: { apiVersion: 'v1', kind: 'Pod', namespace: 'bruno', name: 'agent-bruno-debug' } },
  ],
  args: {},
  waitSeconds: 120,
  standsSeconds: 900,
};

/** The same in the target's place. */
export const inPlacePlan: Plan = {
  ...copyPlan,
  summary: 'run busybox in place of container agent-bruno',
  changes: raisePlan.changes,
};

/** A runbook with one cause, two remedies (the second by approval) and short texts; `change` adapts it. */
export function smallRunbook(
  change: (content: RunbookContent) => RunbookContent = (content) => content,
): RunbookContent {
  const impact = { level: 'none' as const, text: 'none' };
  return change({
    metadata: {
      name: 'agent-bruno-pod-crash-loop',
      title: 'Agent Bruno Pod Crash Loop',
      version: '1.0',
      severity: 'critical',
      component: 'agent-bruno',
      service: 'pod-stability',
    },
    spec: {
      params: {},
      procedures: [],
      symptom: 'Agent Bruno pod is repeatedly crashing and restarting',
      impact: { user: impact, business: impact, data: impact },
      alerts: { trigger: ['AgentBrunoPodCrashLooping'], related: [] },
      target: { namespace: 'bruno', kinds: ['Deployment'], name: 'agent-bruno', container: 'agent-bruno' },
      variables: [],
      dependencies: [],
      causes: [
        {
          cause: 'oom-killed',
          symptoms: [],
          remedies: [
            { name: 'raise-memory', approval: 'none', actions: [{ 'set-resources': {} }, { 'wait-ready': {} }] },
            {
              name: 'roll-back',
              approval: { quorum: 1, expires: '10m', onExpiry: 'escalate' },
              actions: [{ 'rollout-undo': {} }],
            },
          ],
          person: 'Find the leak.',
          prevention: [],
          seeAlso: [],
        },
      ],
      verify: { window: { crashes: 3, min: '60s', max: '300s' }, checks: ['ready'] },
      escalation: {
        team: 'agent-bruno',
        steps: ['recent-changes'],
        rungs: [{ after: '15m', notify: ['webhook', 'log'] }],
      },
      settle: '30m',
      prevention: [],
      checklist: [],
      links: [],
    },
  });
}

/** The same runbook with every point after a recovery. */
export function withPostRecovery({ metadata, spec }: RunbookContent): RunbookContent {
  const queries = [{ name: 'restarts', query: 'kube_pod_container_status_restarts_total{pod=~"$pods"}', max: 0 }];
  return {
    metadata,
    spec: {
      ...spec,
      postRecovery: {
        after: '5m',
        points: [
          { id: 'function', text: 'Verify agent functionality', checks: [{ http: { path: '/state' } }] },
          { id: 'metrics', text: 'Check metrics', queries },
          { id: 'logs', text: 'Check logs' },
          { id: 'root-cause', text: 'Document root cause' },
          { id: 'runbook', text: 'Update runbook if needed' },
          { id: 'post-mortem', text: 'Conduct post-mortem' },
        ],
      },
    },
  };
}
