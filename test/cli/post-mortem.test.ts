import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { postMortemDraft } from '../../src/cli/post-mortem/draft.ts';
import { code, NOT_KNOWN, plain } from '../../src/cli/post-mortem/markdown.ts';
import type { EventBody, RecoveryEvent } from '../../src/recovery/events.ts';
import { fold, nextEvent } from '../../src/recovery/fold.ts';
import { emptyRecord, type RecoveryRecord } from '../../src/recovery/record.ts';
import type { Plan } from '../../src/recovery/values.ts';
import { finding, raisePlan, smallRunbook, waitPlan, withPostRecovery } from '../recovery/samples.ts';
import { applied, at, begun, diagnosed, paged, planned, undoFinished, verified } from '../recovery/story.ts';
import { recordedAnswer } from './recorded.ts';

const secret = 'hunter2hunter2';
const runbook = smallRunbook(withPostRecovery);
const opened: EventBody = {
  kind: 'opened',
  recoveryId: 'recovery/default/kosmos/deployment/zeus-orchestrator@12345678',
  workflowId: 'recovery/default/kosmos/deployment/zeus-orchestrator',
  cluster: 'default',
  runbookName: 'kosmos-agent-recovery',
  target: { namespace: 'kosmos', kind: 'Deployment', name: 'zeus-orchestrator' },
  startedBy: 'alert',
  brokenSince: at(0),
  deadline: at(15),
  deadlineGiven: false,
};
const fires: EventBody = {
  kind: 'alert-received',
  fingerprint: 'f1',
  name: 'KosmosAgentOOMKilled',
  status: 'firing',
  startsAt: at(0),
  role: 'trigger',
  labels: {},
  generatorURL: 'http://prometheus/graph?g0.expr=oom',
};
const loaded: EventBody = {
  kind: 'runbook-loaded',
  name: 'r',
  version: '1.0',
  digest: 'd',
  runbook,
  workerMode: 'auto',
};
const secretPlan: Plan = {
  ...raisePlan,
  action: 'restore-env',
  summary: 'restore REDIS_PASSWORD of container zeus',
  changes: [
    {
      type: 'field',
      object: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'kosmos', name: 'zeus-orchestrator' },
      path: '/spec/template/spec/containers/0/env/0/value',
      before: { absent: true },
      after: {
        secret: {
          from: { apiVersion: 'v1', kind: 'Secret', namespace: 'kosmos', name: 'redis' },
          path: '/data/password',
          hmac: 'abcdef',
        },
      },
    },
  ],
};
const approve = (actor: string, n: number): EventBody => ({
  kind: 'order',
  id: `approve-${actor}`,
  name: 'approve',
  actor,
  verified: false,
  args: { n, reason: 'it | was <well> before' },
  accepted: true,
});

/** Each at its minute. */
const STORY: [number, EventBody[]][] = [
  [1, [opened, fires, loaded]],
  [2, [...diagnosed(), planned(), begun(), applied(), begun(1), applied(1)]],
  [
    5,
    [
      verified('fail'),
      { kind: 'assessed', n: 1, better: false, healthy: false, saw: 'OOM-killed again' },
      ...undoFinished(0),
    ],
  ],
  [
    6,
    [
      ...diagnosed(2),
      {
        kind: 'planned',
        n: 2,
        cause: finding.cause,
        remedy: 'roll-back',
        findingKey: finding.key,
        plans: [secretPlan, waitPlan],
        digest: 'd2',
      },
      {
        kind: 'approval-asked',
        n: 2,
        quorum: 1,
        expiresAt: at(16),
        digest: 'd2',
        why: 'the runbook asks for approval of this remedy',
      },
      { kind: 'approval-sent', n: 2, notifier: 'webhook' },
    ],
  ],
  [
    15,
    [
      { kind: 'deadline-passed' },
      { kind: 'rung-due', rung: 0, why: 'the deadline has passed and the target is not healthy' },
      ...paged,
    ],
  ],
  [16, [approve('ana', 2), begun(0, 2), applied(0, 2), begun(1, 2), applied(1, 2)]],
  [18, [{ ...verified('pass', true), n: 2 } as EventBody, { kind: 'recovered', by: 'person' }]],
  [
    23,
    [
      {
        kind: 'post-recovery',
        items: [
          { id: 'function', text: 'Verify agent functionality', state: 'done', saw: 'http /state: 200' },
          { id: 'metrics', text: 'Check metrics', state: 'not-possible', saw: 'no Prometheus is configured' },
          {
            id: 'logs',
            text: 'Check logs',
            state: 'found',
            saw: 'zeus logged 1 error line: "ERROR: redis://u:[cut:12345678]@redis"',
          },
        ],
      },
    ],
  ],
];

function told(...more: [number, EventBody[]][]): { record: RecoveryRecord; events: RecoveryEvent[] } {
  let record = emptyRecord;
  const events: RecoveryEvent[] = [];
  for (const [minutes, bodies] of [...STORY, ...more]) {
    for (const body of bodies) {
      const event = nextEvent(record, body, at(minutes));
      record = fold(record, event);
      events.push(event);
    }
  }
  return { record, events };
}

const closing: [number, EventBody[]] = [
  30,
  [
    {
      kind: 'order',
      id: 'close-1',
      name: 'close',
      actor: 'bo',
      verified: true,
      args: { rootCause: 'a leak in the tool cache' },
      accepted: true,
    },
    { kind: 'closed', outcome: 'closed', standing: [], rootCause: 'a leak in the tool cache' },
  ],
];

/** One section of a draft, without its heading. */
function sectionOf(draft: string, title: string): string {
  return draft.split(/\n(?=## )/).find((part) => part.startsWith(`## ${title}\n`)) ?? '';
}

describe('the draft of a post-mortem', () => {
  test('tells the recovery from the alert to the root cause', () => {
    const written = readFileSync(join(import.meta.dirname, 'post-mortem.md'), 'utf8');
    expect(postMortemDraft(told(closing))).toBe(written);
  });

  test('is the same each time', () => {
    expect(postMortemDraft(told(closing))).toBe(postMortemDraft(told(closing)));
  });

  test('leaves the root cause open while nobody has said it, and asks for it', () => {
    const draft = postMortemDraft(told());
    expect(sectionOf(draft, 'Root cause')).toContain(NOT_KNOWN);
    expect(sectionOf(draft, 'Action items')).toContain('- [ ] Find and document the root cause');
    expect(sectionOf(draft, 'What is not known')).toContain('What led to the cause that was seen');
  });

  test('of a recovery that has only begun invents nothing', () => {
    const record = fold(emptyRecord, nextEvent(emptyRecord, opened, at(0)));
    const draft = postMortemDraft({ record, events: [nextEvent(emptyRecord, opened, at(0))] });
    for (const title of ['Impact', 'Cause as it was seen', 'What helped', 'Root cause'])
      expect(sectionOf(draft, title)).toContain(NOT_KNOWN);
    expect(draft).toContain('it has not been seen recovered');
  });

  test('says so where the first events are no longer at hand', () => {
    const { record, events } = told(closing);
    expect(postMortemDraft({ record, events: events.slice(5) })).toContain('Temporal’s history alone');
  });

  test('shows no secret: neither the value nor its hash', () => {
    const draft = postMortemDraft(told(closing));
    expect(draft).toContain('a value of Secret kosmos/redis that is not shown');
    expect(draft).not.toContain('abcdef');
    expect(draft).not.toContain(secret);
  });
});

describe('what others wrote is no markup in the draft', () => {
  test.each([
    ['a | b', 'a \\| b'],
    ['<script>', '\\<script\\>'],
    ['[x](javascript:1)', '\\[x\\](javascript:1)'],
    ['one\ntwo', 'one<br>two'],
    ['**bold** `code`', '\\*\\*bold\\*\\* \\`code\\`'],
  ])('%j', (text, written) => {
    expect(plain(text)).toBe(written);
  });

  test('nor do backticks end the fence of a quote', () => {
    expect(code('a ``b`` c')).toBe('```a ``b`` c```');
    expect(code('`a')).toBe('`` `a ``');
  });
});

describe('the draft of a recovery that was recorded on a cluster', () => {
  test('whose remedy was undone has what was changed, that it was taken back, and everything else open', () => {
    const draft = postMortemDraft(recordedAnswer('oom-killed-undone-paged.json'));
    const changed = sectionOf(draft, 'What was tried and changed');
    expect(changed).toMatch(/### 1\. raise-memory for oom-killed: undone/);
    expect(changed).toMatch(/limits\/memory`: `"[^"]+"` → `"[^"]+"`/);
    expect(changed).toContain('**applied, undo: undone**');
    expect(sectionOf(draft, 'Cause as it was seen')).toMatch(/\*\*oom-killed\*\*: .*\n {2}- .*: `/);
    expect(sectionOf(draft, 'Changes that stand')).toContain('Nothing stands');
    expect(sectionOf(draft, 'Detection')).toMatch(
      /Alert AgentBrunoPodCrashLooping \(trigger\), firing since 2026-11-22 04:/,
    );
    expect(sectionOf(draft, 'Root cause')).toContain(NOT_KNOWN);
    expect(sectionOf(draft, 'What helped')).toContain(NOT_KNOWN);
  });

  test('whose remedy helped says which', () => {
    const draft = postMortemDraft(recordedAnswer('oom-killed-recovered.json'));
    expect(sectionOf(draft, 'What helped')).toMatch(
      /^## What helped\n\nAttempt 1, raise-memory: .* The target verified healthy after it\./,
    );
    expect(sectionOf(draft, 'Timeline')).toMatch(/\| RECOVERED by a remedy;/);
    expect(sectionOf(draft, 'Action items')).toContain('- [ ] Find and document the root cause');
  });
});
