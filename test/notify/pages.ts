import type { ApprovalAnswer, ApprovalRequest, Page } from '../../src/recovery/escalation.ts';

/** A page as a recovery of agent-bruno writes it. */
export const page: Page = {
  key: 'recovery/dev/bruno/deployment/agent-bruno@1a2b3c4d/1',
  recoveryId: 'recovery/dev/bruno/deployment/agent-bruno@1a2b3c4d',
  workflowId: 'recovery/dev/bruno/deployment/agent-bruno',
  runbook: 'agent-bruno-pod-crash-loop',
  severity: 'critical',
  component: 'agent-bruno',
  service: 'pod-stability',
  symptom: 'Agent Bruno pod is repeatedly crashing and restarting',
  title: 'Agent Bruno Pod Crash Loop',
  target: { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' },
  impact: {
    user: { level: 'severe', text: 'Service completely unavailable' },
    business: { level: 'high', text: 'AI assistant functionality down' },
    data: { level: 'none', text: 'Data preserved in Redis/MongoDB' },
  },
  brokenSince: '2025-10-15T12:03:04Z',
  deadline: '2025-10-15T12:18:04Z',
  mode: 'auto',
  findings: [
    {
      cause: 'oom-killed',
      label: 'oom-killed',
      key: 'oom-killed|agent-bruno|memory',
      summary: 'agent-bruno was OOM-killed at its limit of 1Gi',
      root: true,
      score: 10,
      quotes: [{ source: 'pod agent-bruno-1 last state', text: 'OOMKilled, exit code 137' }],
    },
  ],
  attempts: [
    { remedy: 'raise-memory', cause: 'oom-killed', outcome: 'did not verify', undone: true, saw: 'OOM-killed again' },
  ],
  holds: ['limits.memory of agent-bruno is 2Gi, was 1Gi'],
  steps: [
    { id: 'recent-changes', text: 'Review recent deployments/changes', found: 'no template change in 24 h' },
    { id: 'cluster-issues', text: 'Check cluster-wide issues', found: 'all nodes ready' },
    { id: 'dependencies', text: 'Verify all dependencies', found: 'redis answers' },
    { id: 'application-changes', text: 'Review application code changes', found: 'image unchanged' },
    { id: 'contact', text: 'Contact development team', found: 'agent-bruno' },
    { id: 'rollback', text: 'Consider rollback to previous version', found: 'revision 3 was healthy' },
  ],
  checklist: [
    { id: 'previous-logs', text: 'Check previous container logs', state: 'done', saw: '120 lines' },
    { id: 'limits', text: 'Check resource limits', state: 'found', saw: 'limit 1Gi reached' },
    { id: 'metrics', text: 'Check usage', state: 'not-possible', saw: 'no metrics' },
  ],
  person: 'Find the leak; raise the limit in Git.',
  prevention: ['Set appropriate memory limits'],
  team: 'agent-bruno',
  contact: '#agent-bruno',
  links: [{ title: 'Temporal UI', url: 'http://127.0.0.1:8233/x' }],
  why: 'nothing is left to try',
  dataLoss: [],
};

export const approval: ApprovalRequest = {
  n: 2,
  remedy: 'roll-back',
  cause: 'oom-killed',
  quorum: 1,
  expiresAt: '2025-10-15T12:13:04Z',
  digest: 'd1ge57',
  why: 'the mode is approve',
  by: [],
  dataLoss: [],
  plans: [
    {
      action: 'rollout-undo',
      summary: 'agent-bruno goes back from revision 4 to revision 3',
      risk: 'medium',
      undo: 'on-failure',
      changes: [],
      args: {},
      waitSeconds: 0,
    },
  ],
};

export const answer: ApprovalAnswer = { outcome: 'approved', by: ['ana'], why: 'by ana', at: '2025-10-15T12:05:04Z' };
