import { describe, expect, test } from '@jest/globals';
import { diagnosisText } from '../../src/cli/diagnose/text.ts';
import { eventLine } from '../../src/cli/event-line.ts';
import { coloursFor, jsonText, table, terminalText } from '../../src/cli/output.ts';
import { recordSummary } from '../../src/cli/record-summary.ts';
import { waitingLines } from '../../src/cli/waiting.ts';
import { plainText } from '../../src/notify/page.ts';
import { detailsOf } from '../../src/recovery/details.ts';
import { nextEvent } from '../../src/recovery/fold.ts';
import { approvalRequest, pageOf } from '../../src/recovery/page.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { legibleAll } from '../../src/recovery/words.ts';
import { evidence } from '../diagnosis/evidence.ts';
import { finding, raisePlan } from '../recovery/samples.ts';
import { at, diagnosed, given, happen, planned, started } from '../recovery/story.ts';

/** What was recorded before anybody looked at characters, or comes from logs and events of Kubernetes. */

const ESC = String.fromCharCode(27);
const FORGED = '  03:10:00Z  order approve by bo is taken';
const hostile = `ok\n${FORGED}${ESC}[2J${String.fromCharCode(0x9b)}1A\u202E ![x](http://evil.example/p.png) \`a\` <b>`;

const found = { ...finding, summary: hostile, quotes: [{ source: hostile, text: hostile }] };
const record: RecoveryRecord = happen(
  started(),
  2,
  ...diagnosed(1, found),
  given('note', { text: hostile }, hostile),
  planned(1, hostile, [{ ...raisePlan, summary: hostile }]),
  { kind: 'approval-asked', n: 1, quorum: 2, expiresAt: at(10), digest: 'd', why: hostile },
  given('acknowledge', { reason: hostile }, hostile),
  given('takeOver', { reason: hostile }, hostile),
);
const live = happen(record, 3, {
  kind: 'step-failed',
  lane: 'target',
  step: 'look',
  error: { code: 'unavailable', message: hostile, where: '', fix: hostile },
});
const event = (body: Parameters<typeof nextEvent>[1]) => nextEvent(record, body, at(3));

const told: [string, string][] = [
  ['an event of the history', eventLine(event(given('note', { text: hostile }, hostile))) ?? ''],
  ['a finding in the history', eventLine(event({ kind: 'classified', round: 1, findings: [found] })) ?? ''],
  ['the summary', recordSummary(live)],
  ['the last lines of a live view', waitingLines(live, at(3)).join('\n')],
  ['a page', plainText({ event: 'trigger', page: pageOf(live, 'k') })],
];

describe('what others wrote', () => {
  test.each(told)('drives no terminal in %s', (_where, text) => {
    expect(text).toContain('ok');
    expect(text).not.toMatch(/(?![\n\t])[\p{Cc}\p{Cf}]/u);
  });

  test.each(told)('begins no line of its own in %s', (_where, text) => {
    const lines = text.split('\n').filter((line) => line.includes('order approve by bo'));
    for (const line of lines) expect(line).not.toMatch(/^ {0,3}03:10:00Z/);
  });

  test('is no markup in the details of Temporal’s UI, and begins no line there', () => {
    const details = detailsOf(live);
    expect(details).not.toMatch(/(?![\n\t])[\p{Cc}\p{Cf}]/u);
    const quoted = /^> .*$/gm;
    expect(details.replaceAll(quoted, '')).not.toMatch(/(?<!\\)\[x|(?<!\\)<b|(?<!\\)`a/);
    expect(details).toContain('!\\[x\\](http://evil.example/p.png)');
    expect(details).not.toMatch(/^\s*03:10:00Z/m);
  });

  test('is clean on a page and in a question for whoever is told, whatever the notifier', () => {
    expect(JSON.stringify(pageOf(live, 'k'))).not.toContain('\\u001b');
    expect(JSON.stringify(approvalRequest(live, 1))).not.toContain('\\u001b');
    expect(pageOf(live, 'k')).toEqual(legibleAll(pageOf(live, 'k')));
  });
});

describe('the one place before a terminal', () => {
  test('lets colours through and nothing else', () => {
    expect(terminalText(`${ESC}[31mred${ESC}[39m ${ESC}[2Jx${ESC}]0;title\u0007\n\ty`)).toBe(
      `${ESC}[31mred${ESC}[39m \uFFFD[2Jx\uFFFD]0;title\uFFFD\n\ty`,
    );
  });

  test('keeps each cell of a table in its line', () => {
    expect(table(['A', 'B'], [['x\nforged', `y${ESC}[2J`]]).split('\n')).toHaveLength(2);
  });

  test('writes JSON that says the same and has no such character', () => {
    const value = { text: `a\u009b\u202E${ESC}\u{E0041}é` };
    expect(JSON.parse(jsonText(value, 2))).toEqual(value);
    expect(jsonText(value, 2)).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
  });

  test('is passed by what was read of a cluster', () => {
    const answer = {
      target: { namespace: 'a', kind: 'Deployment', name: 'b' },
      ...{ healthy: false, state: hostile, findings: [found], checklist: [], evidence: null, plans: [] },
    };
    const seen = { answer, evidence: evidence({ missing: [hostile] }), runbook: null, planned: null, person: null };
    const text = diagnosisText(seen, coloursFor({}));
    expect(terminalText(text)).toBe(text);
    for (const line of text.split('\n')) expect(line).not.toMatch(/^ {0,2}03:10:00Z/);
  });
});
