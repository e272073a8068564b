import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { applyFault } from '../../dev/workloads/faults/registry.ts';
import { waitFor } from '../../dev/workloads/wait.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { type KosmosAlertWorld, startKosmosAlertWorld } from '../cluster/kosmos-alert-world.ts';
import { needs, provided } from '../needs.ts';

needs('cluster');

// Images may have to be built.
jest.setTimeout(300_000);

const kube = connectKubernetes({ kubeconfig: provided('cluster') });
const common = { severity: 'critical', component: 'kosmos-agent', service: 'agent-recovery' };
let world: KosmosAlertWorld;

beforeAll(async () => {
  world = await startKosmosAlertWorld(kube, provided('cluster'), 'alert');
});

afterAll(() => world?.stop());

/** Every firing alert that came, one for each set of labels. */
function received() {
  const alerts = world.receiver.posts.flatMap((post) => post.alerts.map((alert) => ({ ...alert, path: post.path })));
  const firing = alerts.filter(({ status }) => status === 'firing');
  return [...new Map(firing.map((alert) => [JSON.stringify(alert.labels), alert])).values()];
}

function about(alertname: string, agent: string) {
  return received().filter(({ labels }) => labels.alertname === alertname && labels.agent === agent);
}

async function cameFor(alertname: string, agent: string) {
  await waitFor({ what: `${alertname} of ${agent}`, seconds: 90 }, async () =>
    about(alertname, agent).length > 0 ? undefined : 'it did not come',
  );
  return about(alertname, agent)[0];
}

describe("the alerts about KOSMOS' agents", () => {
  test('are none while all is well', async () => {
    expect(received()).toEqual([]);
  });

  test('tell each of its own agent, from a wrong variable, grown data and a deadlock at once', async () => {
    const faults = ['kosmos-memory', 'kosmos-degraded', 'kosmos-configuration'];
    await Promise.all(
      faults.map((fault) => applyFault(fault, { kube, namespaces: world.namespaces, progress: () => undefined })),
    );
    const kubeStateMetrics = { namespace: 'monitoring', pod: 'kube-state-metrics-0' };
    const [crashLoop, outOfMemory, unresponsive] = await Promise.all([
      cameFor('KosmosAgentCrashLooping', 'kosmos-agent-runtime'),
      cameFor('KosmosAgentOOMKilled', 'zeus-orchestrator'),
      cameFor('KosmosAgentUnresponsive', 'hermes-agent'),
    ]);
    expect(crashLoop?.labels).toMatchObject({
      ...common,
      ...kubeStateMetrics,
      exported_namespace: world.namespaces.kosmos,
      exported_pod: expect.stringMatching(/^kosmos-agent-runtime-/),
    });
    expect(outOfMemory?.labels).toMatchObject({
      ...common,
      ...kubeStateMetrics,
      exported_namespace: world.namespaces.kosmos,
      exported_pod: expect.stringMatching(/^zeus-orchestrator-/),
    });
    expect(unresponsive?.labels).toMatchObject({
      ...common,
      namespace: world.namespaces.kosmos,
      pod: 'hermes-agent-1',
    });
    expect(outOfMemory?.generatorURL.startsWith(`${world.monitoring.prometheusUrl}/graph?`)).toBe(true);
  });

  test('are of one pod each, and go to Kintsugi alone', () => {
    // The other pod of the same StatefulSet, and of the same label, goes on.
    const unresponsive = received().filter(({ labels }) => labels.alertname === 'KosmosAgentUnresponsive');
    expect(unresponsive.map(({ labels }) => labels.pod)).toEqual(['hermes-agent-1']);
    expect(about('KosmosAgentCrashLooping', 'hermes-agent')).toEqual([]);
    expect(new Set(received().map(({ path }) => path))).toEqual(new Set(['/api/v1/alerts']));
  });
});

test('the kernel ended the orchestrator for its own limit, and the pod that hangs is alive', async () => {
  const { items } = await kube.core.listNamespacedPod({ namespace: world.namespaces.kosmos });
  const ends = items.flatMap(({ metadata, status }) =>
    (status?.containerStatuses ?? []).map(
      ({ lastState }) => `${metadata?.labels?.app} ${lastState?.terminated?.reason}`,
    ),
  );
  expect(ends).toContain('zeus OOMKilled');
  const stuck = items.find(({ metadata }) => metadata?.name === 'hermes-agent-1');
  expect(stuck?.status?.containerStatuses?.[0]).toMatchObject({ ready: false, restartCount: 0 });
  const path = { namespace: world.namespaces.kosmos, name: 'hermes-agent-1:8000', path: 'health' };
  expect(await kube.core.connectGetNamespacedPodProxyWithPath(path)).toMatchObject({ status: 'healthy' });
});
