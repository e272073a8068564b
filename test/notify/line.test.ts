import { describe, expect, test } from '@jest/globals';
import { headlineOf } from '../../src/notify/headline.ts';
import { lineOf } from '../../src/notify/line.ts';
import type { PageMessage } from '../../src/notify/page-message.ts';
import type { Page } from '../../src/recovery/escalation.ts';
import { loadRunbooks } from '../../src/runbook/load.ts';
import { approval, page } from './pages.ts';

/** The page as the flagship runbook words it, after what is told here. */
async function flagship(changes: Partial<Page>): Promise<Page> {
  const { runbooks } = await loadRunbooks('runbooks');
  const content = runbooks.find(({ name }) => name === 'agent-bruno-pod-crash-loop')?.runbook;
  if (content === undefined) throw new Error('no flagship');
  const { symptom = '', impact = {} } = content.spec;
  return { ...page, symptom, impact: JSON.parse(JSON.stringify(impact)), ...changes };
}

const SUBJECT = 200;
const attempt = { remedy: 'raise-memory', cause: 'oom-killed', outcome: 'undone', undone: true, saw: '' };
const holds = ['limits.memory of Deployment bruno/agent-bruno is 2Gi, was 1Gi', 'replicas of it are 1, were 3'];
const trigger = (told: Page): PageMessage => ({ event: 'trigger', page: told });

describe('a line with room for little', () => {
  test("is the page's whole first line where that fits", async () => {
    const message = trigger(await flagship({ attempts: [], holds: [] }));
    expect(lineOf(message, 1024)).toBe(headlineOf(message).join(' '));
  });

  test('says what is broken since when, the impact in a word, and what stands changed and was undone', async () => {
    const changed = await flagship({ attempts: [attempt], holds });
    const line = lineOf(trigger(changed), SUBJECT);
    expect(line.length).toBeLessThanOrEqual(SUBJECT);
    expect(line).toMatch(
      /^CRITICAL bruno\/Deployment\/agent-bruno broken since 2025-10-15 12:03 UTC\. Users SEVERE, data none\. Tried and undone: raise-memory\. STANDS CHANGED: limits\.memory of .* is 2Gi…$/,
    );
    const undone = lineOf(trigger(await flagship({ attempts: [attempt], holds: [] })), SUBJECT);
    expect(undone).toMatch(/UTC\. Users SEVERE, data none\. Tried and undone: raise-memory\. Agent Bruno pod is .*…$/);
    const nothing = lineOf(trigger(await flagship({ attempts: [], holds: [] })), SUBJECT);
    expect(nothing).toMatch(/UTC\. Users SEVERE, data none\. Nothing stands changed\. Agent Bruno pod is/);
  });

  test('begins with what is lost, and says the rest all the same', async () => {
    const dataLoss = [`what was written since 03:00 is lost: ${'x'.repeat(3000)}`];
    const told = await flagship({ attempts: [attempt], holds, dataLoss });
    for (const most of [SUBJECT, 1024]) {
      const line = lineOf({ event: 'approval', page: told, approval: { ...approval, dataLoss } }, most);
      expect(line.length).toBeLessThanOrEqual(most);
      expect(line).toMatch(
        /^DATA LOSS: what was .*… APPROVAL NEEDED for roll-back.* Users SEVERE.* Tried and .*STANDS CHANGED: /,
      );
    }
  });

  test.each([SUBJECT, 1024])('keeps to %d characters whatever a page holds', async (most) => {
    const long = '🔥 long '.repeat(700);
    const told = await flagship({
      ...{ symptom: long, holds: [long], dataLoss: [long], kept: [long] },
      attempts: [{ ...attempt, remedy: long }],
      target: { namespace: 'n'.repeat(63), kind: 'Deployment', name: 'w'.repeat(253) },
    });
    const line = lineOf(trigger(told), most);
    expect(line.length).toBeLessThanOrEqual(most);
    for (const part of ['DATA LOSS: ', 'CRITICAL n', 'SEVERE', 'STANDS CH', 'CHANGED EARLIER', 'Tried and un'])
      expect(line).toContain(part);
    expect(lineOf({ event: 'resolve', page: told, reason: long }, most).length).toBeLessThanOrEqual(most);
  });
});
