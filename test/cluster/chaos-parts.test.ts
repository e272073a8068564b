import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Monitoring, startMonitoring } from '../../dev/monitoring/start.ts';
import type { TemporalServer } from '../../dev/world/temporal.ts';
import { needs, provided } from '../needs.ts';
import { type AlertReceiver, startAlertReceiver } from './alert-receiver.ts';
import { alertOf, type ChaosWorld, kill, order, sendAlert, startChaosWorld, untilRecord } from './chaos-world.ts';
import { createCrashingApp } from './crashing-app.ts';
import { until } from './until.ts';

needs('cluster', 'temporal');

type SceneName = 'cut' | 'retried' | 'silent';
/** How long the API server is away. */
const AWAY_MS = 60_000;
/** After which an alert that Kintsugi does not cover pages; 17 minutes in production. */
const SILENT_AFTER_SECONDS = 20;

/** Parts that Kintsugi stands on are taken away: the API server, Temporal, and at last Kintsugi itself. */
describe('a recovery whose ground gives way', () => {
  let world: ChaosWorld<SceneName>;
  let monitoring: Monitoring;
  let silent: AlertReceiver;
  let temporal: TemporalServer;

  beforeAll(async () => {
    world = await startChaosWorld({
      cut: {},
      retried: { auto: false },
      silent: { auto: false, workload: 'agent-bruno', alert: 'AgentBrunoPodCrashLooping' },
    });
    temporal = world.temporal;
    silent = await startAlertReceiver();
    monitoring = await startMonitoring({
      kubeconfig: provided('cluster'),
      namespaces: { bruno: [world.scenes.silent.namespace] },
      webhookUrl: `${world.kintsugi.gatewayUrl}/api/v1/alerts`,
      webhookToken: world.kintsugi.gatewayToken,
      silentUrl: silent.url,
      kintsugiMetrics: world.kintsugi.metrics,
      durations: { silentAfterSeconds: SILENT_AFTER_SECONDS },
    });
  }, 240_000);

  afterAll(async () => {
    await monitoring?.stop();
    await silent?.stop();
    await world?.stop();
  }, 60_000);

  test('the API server is away for a minute after the change was made: the recovery still ends recovered', async () => {
    const scene = world.scenes.cut;
    await createCrashingApp(world.kubernetes, scene.namespace);
    await sendAlert(world, alertOf(scene));
    await untilRecord(world, scene, ({ attempts }) => attempts[0]?.actions[0]?.outcome === 'applied');
    world.proxy.away = true;
    await sleep(AWAY_MS);
    world.proxy.away = false;
    const { record } = await untilRecord(world, scene, ({ recovered }) => recovered !== null);
    expect(record.recovered?.by).toBe('remedy');
    expect(record.attempts).toHaveLength(1);
    await order(world, scene, 'close');
  }, 300_000);

  test('while Temporal is down the gateway answers 503, and the alert that Alertmanager sends again arrives', async () => {
    const scene = world.scenes.retried;
    await createCrashingApp(world.kubernetes, scene.namespace);
    await temporal.stop();
    expect((await sendAlert(world, alertOf(scene))).status).toBe(503);
    const labels = { ...alertOf(scene), component: 'agent-bruno' };
    const posted = await fetch(`${monitoring.alertmanagerUrl}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ labels, generatorURL: `${monitoring.prometheusUrl}/graph` }]),
    });
    expect(posted.status).toBe(200);
    await until('Alertmanager to have failed once', async () => (await failedPosts()) > 0);
    temporal = await world.restartTemporal();
    const { record } = await untilRecord(world, scene, ({ alerts }) => Object.keys(alerts).length > 0);
    expect(Object.values(record.alerts)[0]?.name).toBe(scene.alert);
    await order(world, scene, 'close');
  }, 240_000);

  test('worker, gateway and Temporal killed: the independent rule pages its own receiver, and did not before', async () => {
    const scene = world.scenes.silent;
    await createCrashingApp(world.kubernetes, scene.namespace, 'agent-bruno', 'agent-bruno');
    const { record } = await untilRecord(world, scene, ({ alerts }) => Object.keys(alerts).length > 0);
    const begin = Date.parse(Object.values(record.alerts)[0]?.startsAt ?? '');
    await until(
      'the alert to be older than the rule asks',
      async () => Date.now() > begin + (SILENT_AFTER_SECONDS + 10) * 1000,
    );
    expect(silentAlerts()).toEqual([]);

    await kill(world.kintsugi.worker);
    await kill(world.kintsugi.gateway);
    await temporal.stop();
    await until('the independent rule to page', async () => silentAlerts().length > 0);
    expect(silentAlerts()[0]?.labels).toMatchObject({ unattended: 'AgentBrunoPodCrashLooping' });
  }, 240_000);

  function silentAlerts() {
    return silent.posts.flatMap(({ alerts }) => alerts).filter(({ labels }) => labels.alertname === 'KintsugiSilent');
  }

  /** Posts that Alertmanager could not deliver, by its own metrics. */
  async function failedPosts(): Promise<number> {
    const metrics = await (await fetch(`${monitoring.alertmanagerUrl}/metrics`)).text();
    const lines = metrics.matchAll(/^alertmanager_notification_requests_failed_total\{[^}]*webhook[^}]*\} (\S+)$/gm);
    return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
  }
});
