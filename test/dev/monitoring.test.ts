import { describe, expect, test } from '@jest/globals';
import type { V1Deployment, V1EndpointSlice, V1Pod, V1Service, V1StatefulSet } from '@kubernetes/client-node';
import { stringify } from 'yaml';
import {
  DEVELOPMENT_DURATIONS,
  renderAlertmanager,
  renderPrometheus,
  renderRules,
} from '../../dev/monitoring/configuration.ts';
import { stateMetrics } from '../../dev/monitoring/metrics.ts';
import { probeTargets, programTargets } from '../../dev/monitoring/targets.ts';

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
const statefulSet: V1StatefulSet = {
  metadata: { name: 'hermes-agent', namespace: 'kosmos' },
  spec: { replicas: 2, selector: {}, template: {}, serviceName: 'hermes-agent' },
  status: { replicas: 2, readyReplicas: 1 },
};
const deployment: V1Deployment = {
  metadata: { name: 'agent-bruno', namespace: 'bruno' },
  spec: { replicas: 2, selector: {}, template: {} },
  status: { availableReplicas: 1 },
};

async function series(objects: Parameters<typeof stateMetrics>[0]): Promise<string[]> {
  const text = await stateMetrics(objects);
  return text
    .split('\n')
    .filter((line) => /^\w/.test(line))
    .sort();
}

describe("the stand-in's series", () => {
  test("have kube-state-metrics' names and labels", async () => {
    const lines = await series({ pods: [pod], deployments: [deployment], statefulSets: [statefulSet] });
    const labels = 'namespace="bruno",pod="agent-bruno-1",uid="u1",container="agent-bruno"';
    expect(lines).toEqual([
      'kube_deployment_spec_replicas{namespace="bruno",deployment="agent-bruno"} 2',
      'kube_deployment_status_replicas_available{namespace="bruno",deployment="agent-bruno"} 1',
      `kube_pod_container_status_last_terminated_reason{${labels},reason="OOMKilled"} 1`,
      `kube_pod_container_status_restarts_total{${labels}} 3`,
      `kube_pod_container_status_running{${labels}} 0`,
      `kube_pod_container_status_waiting_reason{${labels},reason="CrashLoopBackOff"} 1`,
      'kube_statefulset_replicas{namespace="kosmos",statefulset="hermes-agent"} 2',
      'kube_statefulset_status_replicas_ready{namespace="kosmos",statefulset="hermes-agent"} 1',
    ]);
  });

  test('tell of a pod whether it is ready, and until when it is on its way out', async () => {
    const conditions = [{ type: 'Ready', status: 'False' }];
    const leaving: V1Pod = {
      metadata: { ...pod.metadata, deletionTimestamp: new Date(60_000) },
      status: { conditions },
    };
    const labels = 'namespace="bruno",pod="agent-bruno-1",uid="u1"';
    expect(await series({ pods: [leaving] })).toEqual([
      `kube_pod_deletion_timestamp{${labels}} 60`,
      `kube_pod_status_ready{${labels},condition="false"} 1`,
      `kube_pod_status_ready{${labels},condition="true"} 0`,
      `kube_pod_status_ready{${labels},condition="unknown"} 0`,
    ]);
  });

  test('tell of a container that runs since when', async () => {
    const running = { ...container, state: { running: { startedAt: new Date(5_000) } }, lastState: {} };
    const lines = await series({ pods: [{ ...pod, status: { containerStatuses: [running] } }] });
    const labels = 'namespace="bruno",pod="agent-bruno-1",uid="u1",container="agent-bruno"';
    expect(lines).toContain(`kube_pod_container_status_running{${labels}} 1`);
    expect(lines).toContain(`kube_pod_container_state_started{${labels}} 5`);
  });

  test('count from zero, so that the first restart is an increase', async () => {
    const fresh = { ...pod, status: { containerStatuses: [{ ...container, restartCount: 0 }] } };
    expect(await stateMetrics({ pods: [fresh] })).toMatch(/kube_pod_container_status_restarts_total\{.*\} 0\n/);
  });

  test('have no reason where there is none', async () => {
    const fine = { ...pod, status: { containerStatuses: [{ ...container, state: { running: {} }, lastState: {} }] } };
    expect(await stateMetrics({ pods: [fine] })).not.toMatch(/reason=/);
  });
});

describe("the exporter's service discovery", () => {
  const agent: V1Pod = {
    metadata: {
      name: 'hermes-agent-0',
      namespace: 'kosmos',
      annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8000' },
    },
    status: { phase: 'Running' },
  };

  test('leads Prometheus to every running program by way of the exporter', () => {
    const pending = { ...pod, status: { phase: 'Pending' } };
    const other = { ...pod, metadata: { ...pod.metadata, labels: { app: 'other' } } };
    const path = (of: string) => `/pods/${of}/metrics`;
    expect(programTargets([pod, pending, other, agent], '127.0.0.1:9')).toEqual([
      {
        targets: ['127.0.0.1:9'],
        labels: { __metrics_path__: path('bruno/agent-bruno-1/8080'), namespace: 'bruno', pod: 'agent-bruno-1' },
      },
      {
        targets: ['127.0.0.1:9'],
        labels: { __metrics_path__: path('kosmos/hermes-agent-0/8000'), namespace: 'kosmos', pod: 'hermes-agent-0' },
      },
    ]);
  });

  test('leads it to every pod behind a Service that asks for probes, ready or not', () => {
    const annotations = { 'prometheus.io/probe': 'true', 'prometheus.io/probe-path': '/ready' };
    const services: V1Service[] = [
      { metadata: { name: 'hermes-agent', namespace: 'kosmos', annotations } },
      { metadata: { name: 'quiet', namespace: 'kosmos' } },
    ];
    const slice = (namespace: string, service: string): V1EndpointSlice => ({
      metadata: { name: `${service}-x1`, namespace, labels: { 'kubernetes.io/service-name': service } },
      addressType: 'IPv4',
      endpoints: ['hermes-agent-0', 'hermes-agent-1'].map((name, index) => ({
        addresses: [`10.0.0.${index}`],
        conditions: { ready: index === 0 },
        targetRef: { kind: 'Pod', name },
      })),
      ports: [{ port: 8000 }],
    });
    const slices = [slice('kosmos', 'hermes-agent'), slice('kosmos', 'quiet'), slice('elsewhere', 'hermes-agent')];
    expect(probeTargets(services, slices, '127.0.0.1:9')).toEqual(
      ['hermes-agent-0', 'hermes-agent-1'].map((name) => ({
        targets: ['127.0.0.1:9'],
        labels: {
          __metrics_path__: `/probe/kosmos/${name}/8000/ready`,
          namespace: 'kosmos',
          service: 'hermes-agent',
          pod: name,
        },
      })),
    );
  });
});

describe('the rules for development', () => {
  const short = { ...DEVELOPMENT_DURATIONS, window: '2m', unresponsiveAfterSeconds: 7, silentAfterSeconds: 40 };
  const rendered = stringify(renderRules({ bruno: ['bruno-x1', 'bruno-y.*'], kosmos: ['kosmos-x1'] }, short));

  test('look at the given namespaces and at no other', () => {
    expect(rendered).toContain('exported_namespace=~"bruno-x1|bruno-y.*"');
    expect(rendered).toContain('exported_namespace=~"kosmos-x1"');
    expect(rendered).not.toMatch(/namespace="(bruno|kosmos)"/);
  });

  test('leave out those about a workload that is nowhere', () => {
    const alerts = (namespaces: Parameters<typeof renderRules>[0]) =>
      [...new Set(stringify(renderRules(namespaces, short)).match(/alert: (AgentBruno|Kosmos|Kintsugi)/g))].sort();
    expect(alerts({ kosmos: ['kosmos'] })).toEqual(['alert: Kintsugi', 'alert: Kosmos']);
    expect(alerts({ bruno: ['bruno'] })).toEqual(['alert: AgentBruno', 'alert: Kintsugi']);
  });

  test('fire at once, look back on a short window, and tell of silence and of no answer early', () => {
    expect(rendered.match(/for: 0s/g)).toHaveLength(12);
    expect(rendered).not.toMatch(/for: 1m|\[15m\]|\[1m\]|1020|> 120/);
    expect(rendered.replace(/\s+/g, ' ')).toMatch(/ALERTS_FOR_STATE\{.*\}\) > 40/);
    expect(rendered.replace(/\s+/g, ' ')).toContain('time() - kosmos:pod_running_since > 7');
  });
});

test('kube-state-metrics is scraped without honor_labels, as in the field, and Kintsugi with them', () => {
  const targets = { exporter: '127.0.0.1:1', alertmanagers: ['127.0.0.1:2'], kintsugi: ['127.0.0.1:3'] };
  const namespaces = { bruno: ['bruno-x1'], kosmos: ['kosmos-x1'] };
  const configuration = renderPrometheus('/rules.yaml', namespaces, targets, DEVELOPMENT_DURATIONS);
  const relabel_configs = [{ source_labels: ['namespace'], regex: 'bruno-x1|kosmos-x1', action: 'keep' }];
  expect(configuration).toMatchObject({
    scrape_configs: [
      { static_configs: [{ labels: { namespace: 'monitoring', pod: 'kube-state-metrics-0' } }] },
      { http_sd_configs: [{ url: 'http://127.0.0.1:1/targets' }], relabel_configs },
      { http_sd_configs: [{ url: 'http://127.0.0.1:1/probes' }], relabel_configs },
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
          { matchers: ['component="kosmos-agent"', 'severity="critical"'], receiver: 'kintsugi' },
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
