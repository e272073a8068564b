import { describe, expect, test } from '@jest/globals';
import type { V1Deployment, V1Pod } from '@kubernetes/client-node';
import { stringify } from 'yaml';
import {
  DEVELOPMENT_DURATIONS,
  renderAlertmanager,
  renderPrometheus,
  renderRules,
} from '../../dev/monitoring/configuration.ts';
import { programTargets, stateMetrics } from '../../dev/monitoring/metrics.ts';

const container = {
  name: 'agent-bruno',
  image: 'agent-bruno',
  imageID: 'sha256:1',
  ready: false,
  restartCount: 3,
  state: { waiting: { reason: 'CrashLoopBackOff' } },
  lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
};
const pod: V1Pod = {
  metadata: { name: 'agent-bruno-1', namespace: 'bruno', uid: 'u1', labels: { app: 'agent-bruno' } },
  status: { phase: 'Running', containerStatuses: [container] },
};
const deployment: V1Deployment = {
  metadata: { name: 'agent-bruno', namespace: 'bruno' },
  spec: { replicas: 2, selector: {}, template: {} },
  status: { availableReplicas: 1 },
};

describe("the stand-in's series", () => {
  test("have kube-state-metrics' names and labels", async () => {
    const lines = (await stateMetrics([pod], [deployment])).split('\n').filter((line) => /^\w/.test(line));
    const labels = 'namespace="bruno",pod="agent-bruno-1",uid="u1",container="agent-bruno"';
    expect(lines.sort()).toEqual([
      'kube_deployment_spec_replicas{namespace="bruno",deployment="agent-bruno"} 2',
      'kube_deployment_status_replicas_available{namespace="bruno",deployment="agent-bruno"} 1',
      `kube_pod_container_status_last_terminated_reason{${labels},reason="OOMKilled"} 1`,
      `kube_pod_container_status_restarts_total{${labels}} 3`,
      `kube_pod_container_status_waiting_reason{${labels},reason="CrashLoopBackOff"} 1`,
    ]);
  });

  test('count from zero, so that the first restart is an increase', async () => {
    const fresh = { ...pod, status: { containerStatuses: [{ ...container, restartCount: 0 }] } };
    expect(await stateMetrics([fresh], [])).toMatch(/kube_pod_container_status_restarts_total\{.*\} 0\n/);
  });

  test('have no reason where there is none', async () => {
    const fine = { ...pod, status: { containerStatuses: [{ ...container, state: { running: {} }, lastState: {} }] } };
    expect(await stateMetrics([fine], [])).not.toMatch(/reason=/);
  });

  test('lead Prometheus to every running pod of the program by way of the exporter', () => {
    const pending = { ...pod, status: { phase: 'Pending' } };
    const other = { ...pod, metadata: { ...pod.metadata, labels: { app: 'other' } } };
    expect(programTargets([pod, pending, other], '127.0.0.1:9')).toEqual([
      {
        targets: ['127.0.0.1:9'],
        labels: { __metrics_path__: '/pods/bruno/agent-bruno-1/metrics', namespace: 'bruno', pod: 'agent-bruno-1' },
      },
    ]);
  });
});

describe('the rules for development', () => {
  const rendered = stringify(
    renderRules(['bruno-x1', 'bruno-y.*'], { ...DEVELOPMENT_DURATIONS, window: '2m', silentAfterSeconds: 40 }),
  );

  test('look at the given namespaces and at no other', () => {
    expect(rendered).toContain('exported_namespace=~"bruno-x1|bruno-y.*"');
    expect(rendered).not.toMatch(/namespace="bruno"/);
  });

  test('fire at once, look back on a short window, and page about silence early', () => {
    expect(rendered.match(/for: 0s/g)).toHaveLength(9);
    expect(rendered).not.toMatch(/for: 1m|\[15m\]|1020/);
    expect(rendered.replace(/\s+/g, ' ')).toMatch(/ALERTS_FOR_STATE\{.*\}\) > 40/);
  });
});

test('kube-state-metrics is scraped without honor_labels, as in the field, and Kintsugi with them', () => {
  const targets = { exporter: '127.0.0.1:1', alertmanagers: ['127.0.0.1:2'], kintsugi: ['127.0.0.1:3'] };
  const configuration = renderPrometheus('/rules.yaml', targets, DEVELOPMENT_DURATIONS);
  expect(configuration).toMatchObject({
    scrape_configs: [
      { static_configs: [{ labels: { namespace: 'monitoring', pod: 'kube-state-metrics-0' } }] },
      { http_sd_configs: [{ url: 'http://127.0.0.1:1/targets' }] },
      { job_name: 'kintsugi', honor_labels: true },
    ],
  });
  expect(stringify(configuration).match(/honor_labels/g)).toHaveLength(1);
});

describe('the route for development', () => {
  const kintsugi = { url: 'http://127.0.0.1:8790/api/v1/alerts', tokenFile: '/tmp/token' };

  test('posts to the given gateway with the token of a file, and keeps who gets what', () => {
    expect(renderAlertmanager({ kintsugi, silentUrl: 'http://127.0.0.1:1/s' }, DEVELOPMENT_DURATIONS)).toMatchObject({
      route: {
        group_by: ['alertname'],
        group_wait: '1s',
        routes: [
          { receiver: 'kintsugi-silent' },
          { matchers: ['alertname="AgentBrunoPodCrashLooping"'], receiver: 'kintsugi' },
          { matchers: ['alertname="AgentBrunoImagePullFailing"'], receiver: 'kintsugi' },
          { continue: true },
          { receiver: 'team' },
        ],
      },
      receivers: [
        {
          name: 'kintsugi',
          webhook_configs: [
            {
              url: kintsugi.url,
              max_alerts: 0,
              send_resolved: true,
              http_config: { authorization: { type: 'Bearer', credentials_file: '/tmp/token' } },
            },
          ],
        },
        { name: 'kintsugi-silent', webhook_configs: [{ url: 'http://127.0.0.1:1/s' }] },
        { name: 'team', webhook_configs: [] },
      ],
    });
  });

  test('has no time of production left', () => {
    const rendered = stringify(renderAlertmanager({ kintsugi }, DEVELOPMENT_DURATIONS));
    expect(rendered).not.toMatch(/: (10s|5m|1h)$/m);
  });
});
