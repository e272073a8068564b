import { needs } from '../../needs.ts';

needs('temporal');

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { createEscalation } from '../../../src/activities/escalate.ts';
import { type Configuration, loadConfiguration } from '../../../src/configuration/configuration.ts';
import { startGateway } from '../../../src/gateway/main.ts';
import { SLACK_ACTIONS } from '../../../src/gateway/slack/actions.ts';
import { createLogger } from '../../../src/log.ts';
import { createNotifiers } from '../../../src/notify/create.ts';
import { publicKeyOf } from '../../../src/orders/sign.ts';
import type { RunbookContent } from '../../../src/recovery/activities.ts';
import { type Button, buttonNamed, buttonsOf, readBlocks } from '../../notify/slack/blocks.ts';
import { CHANNEL, type KeptMessage, type SlackStandIn, startSlack, TOKEN } from '../../notify/slack/stand-in.ts';
import { smallRunbook } from '../../recovery/samples.ts';
import { catalogue } from '../../runbook/catalogue.ts';
import { alert, freshQueue, startByAlert, until, worker } from '../../workflows/environment.ts';
import { script } from '../../workflows/scripted-activities.ts';
import { devServer, serverOfFile } from '../../workflows/servers.ts';
import { formOf, SIGNING_SECRET, signedBy } from './presses.ts';

const server = serverOfFile(devServer);
const log = createLogger({ level: 'silent', component: 'test' });
const folder = mkdtempSync(join(tmpdir(), 'kintsugi-slack-story-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MINUTES = 60_000;
const ORDER_KEY = '07'.repeat(32);

/** The configuration of worker and gateway, with Slack's stand-in for Slack. */
function configurationFor(cluster: string, slack: SlackStandIn): Configuration {
  const files = { token: TOKEN, 'signing-secret': SIGNING_SECRET };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const file = join(folder, 'kintsugi.yaml');
  writeFileSync(
    file,
    `notifiers:
  named:
    - name: chat
      type: slack
      channel: ${CHANNEL.id}
      tokenFile: ${join(folder, 'token')}
      signingSecretFile: ${join(folder, 'signing-secret')}
      apiUrl: ${slack.apiUrl}
people:
  - {name: ana, slack: U0ANA, role: approver}
`,
  );
  return loadConfiguration({
    KINTSUGI_CONFIG: file,
    KINTSUGI_CLUSTER: cluster,
    KINTSUGI_RUNBOOKS: join(import.meta.dirname, '../../runbook'),
    KINTSUGI_GATEWAY_TOKEN: 'a-token-of-good-length',
    KINTSUGI_GATEWAY_ADDRESS: '127.0.0.1:0',
    KINTSUGI_ORDER_KEY: ORDER_KEY,
    TEMPORAL_ADDRESS: server.address,
  });
}

/** A runbook that pages in Slack, and whose one remedy asks. */
function runbook(): RunbookContent {
  return smallRunbook((content) => {
    const [cause] = content.spec.causes;
    const approval = { quorum: 1, expires: '10m', onExpiry: 'escalate' as const };
    const remedies = cause?.remedies.slice(0, 1).map((remedy) => ({ ...remedy, approval })) ?? [];
    const escalation = { ...content.spec.escalation, rungs: [{ after: '15m', notify: ['chat', 'log'] }] };
    const causes = cause === undefined ? [] : [{ ...cause, remedies }];
    return { ...content, spec: { ...content.spec, causes, escalation } };
  });
}

/** The first message that is so, once there is one. */
async function messageOf(slack: SlackStandIn, isSo: (message: KeptMessage) => boolean): Promise<KeptMessage> {
  for (;;) {
    const found = slack.messages.find(isSo);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Waits until a member has been told so, as often: what takes longer than Slack waits for is told later. */
async function told(slack: SlackStandIn, words: RegExp, times = 1): Promise<void> {
  while (slack.told.filter((text) => words.test(text)).length < times) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('a page in Slack is acknowledged, its remedy approved by a button, and its message edited to the end', async () => {
  const slack = await startSlack();
  const queue = freshQueue();
  const configuration = configurationFor(queue.replace(/^kintsugi-/, ''), slack);
  const gateway = await startGateway(configuration, {
    catalogue,
    log,
    onFatal: (thrown) => {
      throw thrown;
    },
  });
  const escalation = createEscalation({ notifiers: createNotifiers({ log, notifiers: configuration.notifiers }), log });
  const loaded = await script({}, runbook()).activities.loadRunbook({
    name: 'agent-bruno-pod-crash-loop',
    target: null,
    startedBy: 'alert',
  });
  const loadRunbook = async () => ({ ...loaded, orderKeys: [publicKeyOf(ORDER_KEY)] });
  const played = script({ ...escalation, loadRunbook }, runbook());
  const running = await worker(server.environment, played.activities, queue);

  const press = async (message: KeptMessage, button: Button, user = 'U0ANA'): Promise<number> => {
    const body = formOf({
      value: button.value,
      actionId: button.action_id,
      user,
      messageTs: message.ts,
      blocks: message.blocks,
      responseUrl: slack.responseUrl(message.ts),
    });
    const headers = signedBy(SIGNING_SECRET, body, new Date());
    return (await fetch(`${gateway.url}${SLACK_ACTIONS}`, { method: 'POST', headers, body })).status;
  };

  try {
    await running.runUntil(async () => {
      const startsAt = new Date(Date.now() - 20 * MINUTES).toISOString();
      const handle = await startByAlert(server.environment, queue, [alert(startsAt)]);
      const page = await messageOf(slack, ({ text }) => text.startsWith('CRITICAL'));
      expect(await press(page, buttonNamed(page, 'Acknowledge'))).toBe(200);
      await messageOf(
        slack,
        ({ ts, blocks }) => ts === page.ts && readBlocks({ blocks }).includes('In the hands of ana'),
      );

      const question = await messageOf(slack, ({ text }) => text.includes('APPROVAL NEEDED for raise-memory'));
      const approve = buttonNamed(question, 'Approve');
      const of = (digest: string): Button => ({
        ...approve,
        value: JSON.stringify({ ...JSON.parse(approve.value), digest }),
      });
      await press(question, of('of-another-plan'));
      await told(slack, /^Not approved: the plan has changed since/);
      // A double click: one voice, told twice.
      expect(await Promise.all([press(question, approve), press(question, approve)])).toEqual([200, 200]);
      await told(slack, /^Approved: .* has taken it\.$/, 2);
      const { record } = await until(handle, ({ record: now }) => now.recovered !== null);
      expect(record.attempts).toMatchObject([{ remedy: 'raise-memory', approval: { by: ['ana'] } }]);
      expect(record.pages[0]?.acknowledged).toMatchObject({ by: 'ana', verified: true });
      const answered = await messageOf(slack, ({ ts, edits }) => ts === question.ts && edits > 0);
      expect(buttonsOf(answered)).toEqual([]);
      expect(answered.text).toBe('APPROVED by ana: raise-memory of bruno/Deployment/agent-bruno');

      const resolved = await messageOf(slack, ({ ts, text }) => ts === page.ts && text.startsWith('RESOLVED'));
      expect(buttonsOf(resolved)).toEqual([]);
      await messageOf(slack, ({ threadTs, text }) => threadTs === page.ts && text.startsWith('RESOLVED'));
      expect(slack.refused).toEqual([]);

      // Pressed once more in a view of the message that is not up to date: told to this member alone.
      await press(question, approve, 'U0EVE');
      await told(slack, /^Not approved: nothing waits for approval now/);
      await handle.terminate();
    });
  } finally {
    await gateway.stop();
    await slack.close();
  }
}, 60_000);
