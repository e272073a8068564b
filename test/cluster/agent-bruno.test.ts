import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readState } from '../../dev/cluster/state.ts';
import { IMAGE_NAMES } from '../../dev/images/catalogue.ts';
import { provideImages } from '../../dev/images/provide.ts';
import { type Monitoring, startMonitoring } from '../../dev/monitoring/start.ts';
import { grantKintsugi } from '../../dev/workloads/access.ts';
import { deployAgentBruno, removeAgentBruno } from '../../dev/workloads/deploy.ts';
import { healthyAgain } from '../../dev/workloads/faults/healthy-again.ts';
import { applyFault } from '../../dev/workloads/faults/registry.ts';
import { namespacesWithSuffix } from '../../dev/workloads/namespaces.ts';
import { waitFor } from '../../dev/workloads/wait.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { needs, provided } from '../needs.ts';
import { type AlertReceiver, startAlertReceiver } from './alert-receiver.ts';
import { until } from './until.ts';

needs('cluster');

// The readiness probe as published waits 20 s, images may have to be built.
jest.setTimeout(300_000);

const kube = connectKubernetes({ kubeconfig: provided('cluster') });
const access = readState()?.access;
const namespaces = namespacesWithSuffix(`test-${randomBytes(3).toString('hex')}`);
const silent = () => {};
let receiver: AlertReceiver;
let monitoring: Monitoring;

beforeAll(async () => {
  await provideImages({ registry: access?.registry }, IMAGE_NAMES, silent);
  await deployAgentBruno(kube, { namespaces, registry: access?.registry, progress: silent });
  // Early: the API server takes a moment to enforce a new admission policy.
  await grantKintsugi(kube, { actIn: [namespaces.bruno] });
  receiver = await startAlertReceiver();
  monitoring = await startMonitoring({
    kubeconfig: provided('cluster'),
    namespaces: { bruno: [namespaces.bruno] },
    webhookUrl: `${receiver.url}/api/v1/alerts`,
    webhookToken: 'a-token-for-tests',
    teamUrl: `${receiver.url}/team`,
    silentUrl: `${receiver.url}/silent`,
    durations: { silentAfterSeconds: 10 },
  });
});

afterAll(async () => {
  await monitoring?.stop();
  await receiver?.stop();
  await removeAgentBruno(kube, { namespaces });
});

const context = { kube, namespaces, progress: silent };

/** The first post of a firing alert that came to a path of the receiver. */
function received(path: string, alertname: string) {
  return receiver.posts
    .filter((post) => post.path === path)
    .flatMap((post) => post.alerts.map((alert) => ({ ...post, ...alert })))
    .find((alert) => alert.labels.alertname === alertname && alert.status === 'firing');
}

/** Waits until a related alert came both to Kintsugi and to the team, and returns its labels. */
async function relatedAlert(alertname: string, seconds: number) {
  const paths = ['/api/v1/alerts', '/team'];
  await waitFor({ what: alertname, seconds }, async () =>
    paths.every((path) => received(path, alertname) !== undefined) ? undefined : 'it did not come',
  );
  return received('/team', alertname)?.labels;
}

describe('sessions that grew in Redis', () => {
  beforeAll(async () => {
    await applyFault('memory', context);
    await until('the alert', async () => received('/api/v1/alerts', 'AgentBrunoPodCrashLooping') !== undefined);
  });

  test('get the program killed by its own memory limit', async () => {
    await until('the kill', async () => {
      const { items } = await kube.core.listNamespacedPod({ namespace: namespaces.bruno });
      const ends = items.map((pod) => pod.status?.containerStatuses?.[0]?.lastState?.terminated);
      return ends.some((end) => end?.reason === 'OOMKilled' && end.exitCode === 137);
    });
  });

  test("reach Kintsugi as an alert of the running Prometheus, with kube-state-metrics' own pod beside the real one", () => {
    const alert = received('/api/v1/alerts', 'AgentBrunoPodCrashLooping');
    expect(alert).toMatchObject({
      authorization: 'Bearer a-token-for-tests',
      groupKey: '{}/{alertname="AgentBrunoPodCrashLooping"}:{alertname="AgentBrunoPodCrashLooping"}',
      labels: {
        severity: 'critical',
        component: 'agent-bruno',
        service: 'pod-stability',
        namespace: 'monitoring',
        pod: 'kube-state-metrics-0',
        exported_namespace: namespaces.bruno,
        exported_pod: expect.stringMatching(/^agent-bruno-/),
      },
    });
    expect(alert?.generatorURL.startsWith(`${monitoring.prometheusUrl}/graph?`)).toBe(true);
    expect(received('/team', 'AgentBrunoPodCrashLooping')).toBeUndefined();
  });

  test('page about the silence of a Kintsugi that does not run', async () => {
    await until('the page', async () => received('/silent', 'KintsugiSilent') !== undefined);
    expect(received('/silent', 'KintsugiSilent')?.labels).toMatchObject({ unattended: 'AgentBrunoPodCrashLooping' });
    expect(received('/api/v1/alerts', 'KintsugiSilent')).toBeUndefined();
  });

  // The last one needs more than five restarts.
  test.each([
    ['AgentBrunoOOMKilled', 'critical', 'pod-stability'],
    ['AgentBrunoAPIDown', 'critical', 'api'],
    ['AgentBrunoHighRestartRate', 'warning', 'pod-stability'],
  ])('reach Kintsugi and the team as %s', async (alertname, severity, service) => {
    expect(await relatedAlert(alertname, 180)).toMatchObject({ severity, service, component: 'agent-bruno' });
  });

  test('are gone after healthyAgain, with the Deployment as it was published', async () => {
    await healthyAgain(context, access?.registry);
    const deployment = await kube.apps.readNamespacedDeployment({ name: 'agent-bruno', namespace: namespaces.bruno });
    expect(deployment.status?.availableReplicas).toBe(1);
    expect(deployment.spec?.template.spec?.containers[0]?.resources?.limits?.memory).toBe('1Gi');
  });
});

describe('dependencies that are away', () => {
  beforeAll(async () => {
    // At once: the program that sees them away is the one that served before.
    await Promise.all(['redis', 'mongodb', 'ollama'].map((fault) => applyFault(fault, context)));
  });

  test.each([
    ['AgentBrunoRedisConnectionFailure', 'critical', 'redis'],
    ['AgentBrunoMongoDBConnectionFailure', 'critical', 'mongodb'],
    ['AgentBrunoOllamaConnectionFailure', 'warning', 'ollama'],
  ])('reach Kintsugi and the team as %s', async (alertname, severity, service) => {
    const labels = { severity, service, component: 'agent-bruno', namespace: namespaces.bruno, name: service };
    expect(await relatedAlert(alertname, 90)).toMatchObject(labels);
  });

  test('are back after healthyAgain, with MongoDB and Ollama as they were published', async () => {
    await healthyAgain(context, access?.registry);
    const set = await kube.apps.readNamespacedStatefulSet({ name: 'mongodb', namespace: namespaces.mongodb });
    expect(set.status?.readyReplicas).toBe(1);
    const service = await kube.core.readNamespacedService({ name: 'ollama', namespace: namespaces.ollama });
    expect(service.spec?.selector).toEqual({ 'app.kubernetes.io/name': 'ollama' });
  });
});

describe('the user kintsugi', () => {
  const userKubeconfig = access?.kintsugiKubeconfig ?? '';
  const pod = (name: string) => ({
    metadata: { name },
    spec: { containers: [{ name: 'probe', image: 'docker.io/library/redis:7.0' }] },
  });

  test('looks through the API server at a pod and its log, and lists no Secret', async () => {
    const kintsugi = connectKubernetes({ kubeconfig: userKubeconfig });
    const namespace = namespaces.bruno;
    const { items } = await kintsugi.core.listNamespacedPod({ namespace });
    const name = items.find((item) => item.metadata?.deletionTimestamp === undefined)?.metadata?.name ?? '';
    expect(await kintsugi.core.readNamespacedPodLog({ name, namespace })).toContain('Agent Bruno');
    const path = { name: 'agent-bruno-service:8080', namespace, path: 'health' };
    expect(await kintsugi.core.connectGetNamespacedServiceProxyWithPath(path)).toMatchObject({ status: 'healthy' });
    await expect(kintsugi.core.listNamespacedSecret({ namespace })).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('creates a pod as a dry run and never a real one', async () => {
    const kintsugi = connectKubernetes({ kubeconfig: userKubeconfig });
    const namespace = namespaces.bruno;
    const dryRun = await kintsugi.core.createNamespacedPod({ namespace, body: pod('dry'), dryRun: 'All' });
    expect(dryRun.metadata?.name).toBe('dry');
    const real = kintsugi.core.createNamespacedPod({ namespace, body: pod('real') });
    await expect(real).rejects.toThrow('Kintsugi creates pods as a dry run or as debug sessions');
  });

  test('changes nothing in a namespace where it was not told to act', async () => {
    const kintsugi = connectKubernetes({ kubeconfig: userKubeconfig });
    const namespace = namespaces.redis;
    const deletion = kintsugi.core.deleteNamespacedPod({ name: 'redis-master-0', namespace, dryRun: 'All' });
    await expect(deletion).rejects.toMatchObject({ code: 'forbidden' });
  });
});
