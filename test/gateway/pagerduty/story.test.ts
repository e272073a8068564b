import { needs } from '../../needs.ts';

needs('temporal');

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { createEscalation } from '../../../src/activities/escalate.ts';
import { type Configuration, loadConfiguration } from '../../../src/configuration/configuration.ts';
import { startGateway } from '../../../src/gateway/main.ts';
import { PAGERDUTY_WEBHOOK } from '../../../src/gateway/pagerduty/webhook.ts';
import { createLogger } from '../../../src/log.ts';
import { createNotifiers } from '../../../src/notify/create.ts';
import type { RunbookContent } from '../../../src/recovery/activities.ts';
import { smallRunbook } from '../../recovery/samples.ts';
import { catalogue } from '../../runbook/catalogue.ts';
import { alert, freshQueue, recordOf, startByAlert, until, worker } from '../../workflows/environment.ts';
import { brokenLook, healthyLook, script } from '../../workflows/scripted-activities.ts';
import { devServer, serverOfFile } from '../../workflows/servers.ts';
import { WEBHOOK_SECRET } from './deliveries.ts';
import { API_KEY, type PagerDutyStandIn, startPagerDuty } from './stand-in.ts';

const server = serverOfFile(devServer);
const log = createLogger({ level: 'silent', component: 'test' });
const folder = mkdtempSync(join(tmpdir(), 'kintsugi-pagerduty-story-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MINUTES = 60_000;
const KEYS = { oncall: 'A'.repeat(32), manager: 'B'.repeat(32) };

/** The configuration of worker and gateway, with PagerDuty's stand-in for PagerDuty. */
function configurationFor(cluster: string, { eventsUrl, apiUrl }: PagerDutyStandIn): Configuration {
  const files = { ...KEYS, 'webhook-secret': WEBHOOK_SECRET, 'api-token': API_KEY };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const file = join(folder, 'kintsugi.yaml');
  writeFileSync(
    file,
    `notifiers:
  named:
    - name: oncall
      type: pagerduty
      url: ${eventsUrl}
      routingKeyFile: ${join(folder, 'oncall')}
      webhookSecretFile: ${join(folder, 'webhook-secret')}
      apiTokenFile: ${join(folder, 'api-token')}
      apiUrl: ${apiUrl}
    - {name: manager, type: pagerduty, url: "${eventsUrl}", routingKeyFile: "${join(folder, 'manager')}"}
`,
  );
  return loadConfiguration({
    KINTSUGI_CONFIG: file,
    KINTSUGI_CLUSTER: cluster,
    KINTSUGI_RUNBOOKS: join(import.meta.dirname, '../../runbook'),
    KINTSUGI_GATEWAY_TOKEN: 'a-token-of-good-length',
    KINTSUGI_GATEWAY_ADDRESS: '127.0.0.1:0',
    TEMPORAL_ADDRESS: server.address,
  });
}

/** A runbook whose second rung calls the manager 20 s after the first page. */
function runbook(): RunbookContent {
  return smallRunbook(({ spec, ...rest }) => {
    const rungs = [
      { after: '15m', notify: ['oncall', 'log'] },
      { after: '920s', notify: ['manager'] },
    ];
    return { ...rest, spec: { ...spec, escalation: { ...spec.escalation, rungs } } };
  });
}

test('a page in PagerDuty is acknowledged there: the ladder climbs no further, and it is resolved when the target is healthy', async () => {
  const pagerDuty = await startPagerDuty();
  const queue = freshQueue();
  const configuration = configurationFor(queue.replace(/^kintsugi-/, ''), pagerDuty);
  const onFatal = (thrown: unknown) => {
    throw thrown;
  };
  const gateway = await startGateway(configuration, { catalogue, log, onFatal });
  pagerDuty.subscribe(`${gateway.url}${PAGERDUTY_WEBHOOK}`);
  const escalation = createEscalation({ notifiers: createNotifiers({ log, notifiers: configuration.notifiers }), log });
  let isHealed = false;
  const scripted = script({}, runbook());
  const loadRunbook: typeof scripted.activities.loadRunbook = async (input) => ({
    ...(await scripted.activities.loadRunbook(input)),
    workerMode: 'observe',
  });
  const look = async () => (isHealed ? healthyLook : brokenLook);
  const running = await worker(
    server.environment,
    script({ ...escalation, loadRunbook, look }, runbook()).activities,
    queue,
  );
  try {
    await running.runUntil(async () => {
      const startsAt = new Date(Date.now() - 20 * MINUTES).toISOString();
      const handle = await startByAlert(server.environment, queue, [alert(startsAt)]);
      const { record: paged } = await until(
        handle,
        ({ record }) => record.pages[0]?.rungs[0]?.tries.some(({ taken }) => taken) === true,
      );
      const [page] = paged.pages;

      const acknowledged = { type: 'incident.acknowledged', id: '01ACK' };
      const taken = { results: [{ recoveryId: paged.recoveryId, order: 'acknowledge', state: 'accepted' }] };
      expect(await pagerDuty.deliver(acknowledged)).toEqual({ status: 200, body: taken });
      // PagerDuty delivers at least once.
      expect(await pagerDuty.deliver(acknowledged)).toEqual({ status: 200, body: taken });
      expect(await pagerDuty.deliver({ type: 'incident.resolved', id: '01RES' })).toMatchObject({ status: 200 });
      const { record: inHand } = await until(handle, ({ record }) => record.notes !== undefined);
      expect(inHand.pages[0]?.acknowledged).toMatchObject({ by: 'Tenex Engineer (PagerDuty)', verified: false });
      expect(inHand.pages[0]?.resolved).toBeNull();

      const second = Date.parse(page?.rungs[0]?.dueAt ?? '') + 20_000;
      await until(handle, ({ record }) => Date.parse(record.now) > second + 1_000);
      isHealed = true;
      const { record, events } = await until(handle, ({ record: now }) => now.pages[0]?.resolved != null);
      expect(record.pages[0]?.rungs).toHaveLength(1);
      expect(events.filter(({ kind }) => kind === 'order')).toHaveLength(2);

      // Nothing of what was said there went back, and what went there ended there.
      const actions = pagerDuty.events.map((event) => event.split(' '));
      expect(actions.every(([key, , dedupKey]) => key === KEYS.oncall && dedupKey === page?.key)).toBe(true);
      expect(actions.filter(([, action]) => action === 'acknowledge')).toEqual([]);
      expect(actions.at(-1)?.[1]).toBe('resolve');
      expect(pagerDuty.refused).toEqual([]);
      const { record: end } = await recordOf(handle);
      expect(Object.keys(end.orders)).toEqual(['pagerduty-01ACK', 'pagerduty-01RES']);
      await handle.terminate();
    });
  } finally {
    await gateway.stop();
    await pagerDuty.close();
  }
}, 150_000);
