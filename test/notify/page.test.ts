import { describe, expect, test } from '@jest/globals';
import { plainText, webhookBody } from '../../src/notify/page.ts';
import { eventBody } from '../../src/notify/pagerduty-event.ts';
import { pageMessage } from '../../src/notify/slack/message.ts';
import { envelopeOf } from '../../src/notify/teams/card.ts';
import { approval, page } from './pages.ts';

describe('the first line of a page', () => {
  const first = (text: string): string => text.split('\n')[0] ?? '';

  test('fits on a phone, and the impact stands in full below', () => {
    const plain = plainText({ event: 'trigger', page: { ...page, holds: [] } });
    expect(first(plain).length).toBeLessThan(240);
    expect(plain).toContain(
      'Broken since 2025-10-15 12:03:04 UTC. Impact\n- user, severe: Service completely unavailable.',
    );
    expect(plain).toContain('- data, none: Data preserved in Redis/MongoDB.');
  });

  test('says what is broken since when, the impact, what was undone and what stands changed', () => {
    expect(first(plainText({ event: 'trigger', page }))).toBe(
      'CRITICAL bruno/Deployment/agent-bruno broken since 2025-10-15 12:03 UTC: ' +
        'Agent Bruno pod is repeatedly crashing and restarting. ' +
        'Impact: users SEVERE, Service completely unavailable; data none. ' +
        'Tried and undone: raise-memory. STANDS CHANGED: limits.memory of agent-bruno is 2Gi, was 1Gi.',
    );
  });

  test('names what was changed, verified and stands, before it broke again', () => {
    const relapsed = { ...page, attempts: [], holds: [], kept: ['verified 03:05 UTC: the limit is 2Gi, was 1Gi'] };
    expect(first(plainText({ event: 'trigger', page: relapsed }))).toMatch(
      /data none\. CHANGED EARLIER, verified 03:05 UTC: the limit is 2Gi, was 1Gi\.$/,
    );
  });

  test('says that nothing stands changed where nothing does', () => {
    const untouched = { ...page, attempts: [], holds: [] };
    expect(first(plainText({ event: 'trigger', page: untouched }))).toMatch(/Nothing stands changed\.$/);
  });

  test('names the recovery while its target is not known', () => {
    const early = { ...page, target: { namespace: '', kind: '', name: '' }, title: 'recovery/dev/x: no runbook' };
    expect(first(plainText({ event: 'trigger', page: early }))).toMatch(
      /^CRITICAL recovery\/dev\/x: no runbook broken/,
    );
  });

  test('of an approval says that one is needed and for what', () => {
    expect(first(plainText({ event: 'approval', page, approval }))).toMatch(
      /^APPROVAL NEEDED for roll-back \(CRITICAL\)/,
    );
  });

  test('begins with the data that would be lost', () => {
    const dataLoss = ['what was written since 03:00 is lost'];
    const lost = /^DATA LOSS: what was written since 03:00 is lost\. /;
    expect(plainText({ event: 'approval', page, approval: { ...approval, dataLoss } })).toMatch(lost);
    expect(plainText({ event: 'trigger', page: { ...page, dataLoss } })).toMatch(lost);
  });

  test('of a procedure on a healthy target does not call it broken', () => {
    const well = { ...page, attempts: [], holds: [], procedure: { name: 'restore', by: 'ana', isWell: true } };
    expect(first(plainText({ event: 'approval', page: well, approval }))).toBe(
      'APPROVAL NEEDED for roll-back (CRITICAL) bruno/Deployment/agent-bruno is well; ana started restore. Nothing stands changed.',
    );
  });

  test('of a resolution says the reason', () => {
    const text = plainText({ event: 'resolve', page, reason: 'verified healthy' });
    expect(first(text)).toBe('RESOLVED bruno/Deployment/agent-bruno: verified healthy');
  });

  test('of a resolution says how far the points after the recovery are, where the runbook has some', () => {
    const postRecovery = [
      { id: 'function', text: 'Verify function', state: 'open' as const, saw: 'looked at 5m after the recovery' },
      { id: 'logs', text: 'Check logs', state: 'done' as const, saw: '12 lines' },
    ];
    const text = plainText({ event: 'resolve', page: { ...page, postRecovery }, reason: 'verified healthy' });
    expect(text).toContain(
      'After the recovery\n[ ] Verify function: looked at 5m after the recovery\n[x] Check logs: 12 lines',
    );
    expect(plainText({ event: 'resolve', page, reason: 'verified healthy' })).not.toContain('After the recovery');
  });
});

describe('the text of a page', () => {
  const text = plainText({ event: 'trigger', page });

  test('has each of the six written steps with what was found', () => {
    for (const [index, step] of page.steps.entries())
      expect(text).toContain(`${index + 1}. ${step.text}: ${step.found}`);
  });

  test('tells apart what was done, found and not possible on the checklist', () => {
    expect(text).toContain('[x] Check previous container logs: 120 lines');
    expect(text).toContain('[!] Check resource limits: limit 1Gi reached');
    expect(text).toContain('[-] Check usage: no metrics');
  });

  test('has what a debug session found, below the attempt that it was', () => {
    const session = { remedy: 'debug-session', cause: 'unknown', outcome: 'standing', undone: false, saw: '' };
    const told = plainText({
      event: 'update',
      page: { ...page, attempts: [{ ...session, found: ['redis: TCP is open'] }] },
    });
    expect(told).toContain('- debug-session for unknown: standing. \n    redis: TCP is open');
  });

  test('has the cause with its quote, the attempts, the person, the team and the links', () => {
    expect(text).toContain('pod agent-bruno-1 last state: OOMKilled, exit code 137');
    expect(text).toContain('- raise-memory for oom-killed: did not verify, undone. OOM-killed again');
    expect(text).toContain('For a person: Find the leak; raise the limit in Git.');
    expect(text).toContain('Team: agent-bruno, #agent-bruno');
    expect(text).toContain('- Temporal UI: http://127.0.0.1:8233/x');
    expect(text).toContain('Why now: nothing is left to try');
  });

  test('says at every notifier what could not be read, also where the target is known', () => {
    const blind = { ...page, trouble: 'diagnose failed: the API server does not answer' };
    const message = { event: 'trigger', page: blind } as const;
    const told = [
      plainText(message),
      JSON.stringify(pageMessage(blind, { buttons: false })),
      envelopeOf(message),
      JSON.stringify(eventBody(message, undefined)),
      JSON.stringify(webhookBody(message, 'k')),
    ];
    for (const text of told) expect(text).toContain('diagnose failed: the API server does not answer');
  });

  test('leaves out headings that have nothing under them', () => {
    const bare = plainText({ event: 'trigger', page: { ...page, attempts: [], holds: [], links: [], checklist: [] } });
    expect(bare).not.toMatch(/^(?:Tried|Stands|Links|Checklist)/m);
  });

  test('of an approval has the plans and the line to type', () => {
    const asked = plainText({ event: 'approval', page, approval });
    expect(asked).toContain('1. agent-bruno goes back from revision 4 to revision 3 (risk medium)');
    expect(asked).toContain('It takes one person. Approve until 2025-10-15 12:13:04 UTC:');
    expect(asked).toMatch(new RegExp(`kintsugi approve ${page.recoveryId} .*--digest d1ge57`));
  });

  test('of an approval by several says how many it takes, and who has approved', () => {
    const several = plainText({ event: 'approval', page, approval: { ...approval, quorum: 2, by: ['ana'] } });
    expect(several).toContain('It takes 2 different people (so far: ana).');
  });

  test('is written even from a time and an impact that cannot be read', () => {
    const odd = plainText({ event: 'trigger', page: { ...page, brokenSince: 'a while ago', impact: 'unknown' } });
    expect(odd).toContain('broken since a while ago');
  });
});

describe("the webhook's body", () => {
  test('has every field of the contract', () => {
    const body = webhookBody({ event: 'trigger', page }, 'key/0/trigger/1');
    const contract = (
      'v event severity component service symptom key recoveryId title target impact brokenSince deadline mode findings ' +
      'attempts holds steps checklist links'
    ).split(' ');
    expect(Object.keys(body)).toEqual(expect.arrayContaining(contract));
    expect(body).toMatchObject({ v: 1, event: 'trigger', messageKey: 'key/0/trigger/1', key: page.key });
  });

  test('of a resolution has the reason, of an approval what is to be approved', () => {
    expect(webhookBody({ event: 'resolve', page, reason: 'healthy' }, 'k')).toMatchObject({ reason: 'healthy' });
    expect(webhookBody({ event: 'approval', page, approval }, 'k')).toMatchObject({ approval: { digest: 'd1ge57' } });
  });
});
