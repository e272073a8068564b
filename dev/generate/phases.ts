import type { RunbookContent } from '../../src/recovery/activities.ts';
import { decideNext } from '../../src/recovery/decide.ts';
import { after } from '../../src/recovery/durations.ts';
import type { EventBody } from '../../src/recovery/events.ts';
import { fold, nextEvent } from '../../src/recovery/fold.ts';
import type { Phase } from '../../src/recovery/phase.ts';
import { emptyRecord, type RecoveryRecord } from '../../src/recovery/record.ts';
import type { Finding, Mode, Plan } from '../../src/recovery/values.ts';

/** One recovery in each phase, told event by event: what the table of orders is made from, and what its test plays for real. */

const START = '2026-01-31T03:00:00.000Z';
const WORKFLOW_ID = 'recovery/default/bruno/deployment/agent-bruno';
const target = { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' };

/** Who has taken over where somebody has; the orders of the table come from another person. */
export const IN_COMMAND = 'ana';

/** The cause that is seen: the runbook has more than one remedy for it. */
export const CAUSE = 'oom-killed';

export const finding: Finding = {
  cause: CAUSE,
  label: CAUSE,
  key: `${CAUSE}|agent-bruno|memory`,
  summary: 'container agent-bruno was OOM-killed at its limit of 1Gi',
  container: 'agent-bruno',
  root: true,
  score: 100,
  quotes: [],
};

export const plan: Plan = {
  action: 'set-resources',
  summary: 'raise the memory of container agent-bruno',
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

/** What a story is called: its phase, or what is peculiar within one. */
export type StoryName = Phase | 'being-cancelled';

export interface PhaseStory {
  name: StoryName;
  phase: Phase;
  /** Where in the phase: what is under way. */
  how: string;
  mode: Mode;
  /** What happens after the runbook was loaded; facts follow by themselves. */
  events: (remedies: string[]) => EventBody[];
}

const measure = { desired: 1, ready: 0, readyHeld: 0, longestLifeSeconds: 8 };
const diagnosed: EventBody[] = [
  {
    ...{ kind: 'diagnosed', round: 1, healthy: false, measure },
    ...{ evidence: { sha256: 'e', bytes: 1, excerpt: null }, saw: '0 of 1 pods ready' },
  },
  { kind: 'classified', round: 1, findings: [finding] },
  { kind: 'checklist', items: [], steps: [] },
];
const planned = ([remedy = '']: string[]): EventBody[] => [
  ...diagnosed,
  { kind: 'planned', n: 1, cause: CAUSE, remedy, findingKey: finding.key, plans: [plan], digest: 'd' },
];
const writing = (remedies: string[]): EventBody[] => [...planned(remedies), { kind: 'action-started', n: 1, i: 0 }];
const verifying = (remedies: string[]): EventBody[] => [
  ...writing(remedies),
  { kind: 'action-finished', n: 1, i: 0, outcome: 'applied' },
  { kind: 'step-started', lane: 'target', step: 'verify' },
];
const verified = (result: 'pass' | 'fail'): EventBody => ({
  ...{ kind: 'verified', n: 1, result, better: result === 'pass' },
  checks: [{ name: 'ready', result, saw: 'saw' }],
});
const ordered = (name: 'takeOver' | 'close' | 'cancel', actor = IN_COMMAND): EventBody => ({
  ...{ kind: 'order', id: `before-${name}`, name, actor, verified: false, args: {}, accepted: true },
});
const asking = (remedies: string[]): EventBody[] => [
  ...planned(remedies),
  { kind: 'approval-sent', n: 1, digest: 'd', notifier: 'webhook' },
];

const stories: readonly (Omit<PhaseStory, 'name'> & { name?: StoryName })[] = [
  {
    phase: 'diagnosing',
    how: 'the first diagnosis is under way',
    mode: 'auto',
    events: () => [{ kind: 'step-started', lane: 'target', step: 'diagnose' }],
  },
  {
    phase: 'awaiting-approval',
    how: 'a remedy waits, nothing is changed',
    mode: 'approve',
    events: asking,
  },
  { phase: 'remediating', how: 'a write is under way', mode: 'auto', events: writing },
  { phase: 'verifying', how: 'the change is made, its verification under way', mode: 'auto', events: verifying },
  {
    phase: 'undoing',
    how: 'it did not verify, its undo is under way',
    mode: 'auto',
    events: (remedies) => [
      ...verifying(remedies),
      verified('fail'),
      { kind: 'assessed', n: 1, better: false, healthy: false, saw: 'saw' },
      { kind: 'undo-started', n: 1, i: 0, why: 'it did not help' },
    ],
  },
  {
    phase: 'settling',
    how: 'a remedy verified',
    mode: 'auto',
    events: (remedies) => [...verifying(remedies), verified('pass'), { kind: 'released' }],
  },
  {
    phase: 'paged',
    how: 'no remedy was possible',
    mode: 'auto',
    events: (remedies) => [
      ...diagnosed,
      ...remedies.map(
        (remedy, index): EventBody => ({
          ...{ kind: 'remedy-refused', n: index + 1, cause: CAUSE, remedy, findingKey: finding.key },
          ...{ code: 'refused', reason: 'at the cap' },
        }),
      ),
      { kind: 'step-started', lane: 'people', step: 'page' },
      { kind: 'page-sent', rung: 0, notifier: 'webhook', key: 'k', providerId: 'p' },
    ],
  },
  {
    phase: 'taken-over',
    how: `${IN_COMMAND} took over while a change was verified`,
    mode: 'auto',
    events: (remedies) => [
      ...verifying(remedies),
      ordered('takeOver'),
      { kind: 'step-stopped', lane: 'target', step: 'verify' },
      { kind: 'released' },
    ],
  },
  {
    name: 'being-cancelled',
    phase: 'awaiting-approval',
    how: 'it was cancelled while a remedy waited, the last look is under way',
    mode: 'approve',
    events: (remedies) => [
      ...asking(remedies),
      ordered('cancel', 'temporal-ui'),
      { kind: 'step-started', lane: 'target', step: 'look' },
    ],
  },
  { phase: 'closed', how: 'a person has closed it', mode: 'auto', events: () => [...diagnosed, ordered('close')] },
];

export const phaseStories: readonly PhaseStory[] = stories.map((story) => ({ name: story.phase, ...story }));

/** The record of a story, well before its deadline. */
export function recordIn(story: PhaseStory, runbook: RunbookContent): RecoveryRecord {
  const remedies = runbook.spec.causes.find(({ cause }) => cause === CAUSE)?.remedies ?? [];
  const begin: EventBody[] = [
    {
      ...{ kind: 'opened', recoveryId: `${WORKFLOW_ID}@12345678`, workflowId: WORKFLOW_ID, cluster: 'default', target },
      ...{ runbookName: runbook.metadata.name, startedBy: 'alert', brokenSince: START },
      ...{ deadline: after(START, 15 * 60_000), deadlineGiven: false },
    },
    {
      ...{ kind: 'alert-received', fingerprint: 'f1', name: 'A', status: 'firing', startsAt: START },
      ...{ role: 'trigger', labels: {} },
    },
    {
      ...{ kind: 'runbook-loaded', name: runbook.metadata.name, version: '1.0', digest: 'd', runbook },
      workerMode: story.mode,
    },
  ];
  const events = [...begin, ...story.events(remedies.map(({ name }) => name))];
  return events.reduce((record, body) => withFacts(happened(record, body)), emptyRecord);
}

/** The record after an event, a second after the one before. */
export function happened(record: RecoveryRecord, body: EventBody): RecoveryRecord {
  return fold(record, nextEvent(record, body, after(START, (record.seq + 1) * 1_000)));
}

/** The record with every fact that follows from it, as the workflow appends them. */
export function withFacts(record: RecoveryRecord): RecoveryRecord {
  const { fact } = decideNext(record);
  return fact === null ? record : withFacts(happened(record, fact));
}
