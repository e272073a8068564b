import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { PatchStrategy } from '@kubernetes/client-node';
import { readState } from '../../dev/cluster/state.ts';
import { IMAGES } from '../../dev/images/catalogue.ts';
import { provideImages } from '../../dev/images/provide.ts';
import { grantKintsugi } from '../../dev/workloads/access.ts';
import type { ActionContext } from '../../src/actions/action.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import { GUARD } from '../../src/actions/write/guard.ts';
import { KintsugiError } from '../../src/errors.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { execInPod } from '../../src/kubernetes/exec.ts';
import { isReady } from '../../src/kubernetes/pods.ts';
import { callOptions } from '../../src/kubernetes/transport.ts';
import type { Plan, Target } from '../../src/recovery/values.ts';
import { contextFor, finding, planned, RECOVERY, runbookFor } from '../actions/action-context.ts';
import { needs, provided } from '../needs.ts';
import { planningWorld } from './planning-world.ts';
import { provideServingApp, servingApp } from './serving-app.ts';
import { until } from './until.ts';
import { patchByHand, podsOf } from './workloads.ts';

needs('cluster');

// Pods are started one after the other on a machine that does other things too.
jest.setTimeout(180_000);

/** Pods that run and do not answer are replaced one at a time: not ready by their probe, or ready only because it asks nothing. */

/** Answers until somebody asks /hang: from then on every thread waits for a lock that is never given back. */
const PROGRAM = `
import http.server, threading
lock = threading.Lock()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/hang":
            lock.acquire()
        with lock:
            self.send_response(200)
            self.end_headers()
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
`;
const HANG = `
import urllib.request
try:
    urllib.request.urlopen("http://127.0.0.1:8080/hang", timeout=1)
except OSError:
    pass
`;

const world = await planningWorld('replace');
const { kubernetes } = world;
const namespace = await world.namespace();
const unresponsive = { ...finding, cause: 'unresponsive', key: 'unresponsive|app|' };
const action = actionNamed('replace-pods');
let count = 0;

const access = readState()?.access;
/** With the rights that deploy/ gives, and no more. */
const kintsugi = connectKubernetes({ kubeconfig: access?.kintsugiKubeconfig ?? provided('cluster') });

beforeAll(async () => {
  await provideServingApp(kubernetes, namespace);
  await grantKintsugi(kubernetes, { actIn: [namespace] });
});

const probed = { httpGet: { path: '/', port: 8080 }, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1 };
const unprobed = { tcpSocket: { port: 8080 }, periodSeconds: 1 };

/** A Deployment of two pods that serve. */
async function serving(readinessProbe: object): Promise<Target> {
  count += 1;
  const target = { namespace, kind: 'Deployment', name: `app-${count}` };
  const body = servingApp(namespace, target.name, { command: ['python3', '-c', PROGRAM], readinessProbe });
  if (body.spec !== undefined) body.spec.replicas = 2;
  await kubernetes.apps.createNamespacedDeployment({ namespace, body });
  await until('both pods to be ready', async () => (await readyPods(target)).length === 2);
  return target;
}

async function readyPods(target: Target): Promise<string[]> {
  return (await podsOf(kubernetes, target)).filter(isReady).map(({ metadata }) => metadata?.name ?? '');
}

async function hang(pod: string): Promise<void> {
  const command = ['python3', '-c', HANG];
  await execInPod(kubernetes, { namespace, pod, container: 'app', command, timeoutMs: 20_000 });
}

function context(target: Target, over: Partial<ActionContext> = {}): ActionContext {
  const runbook = runbookFor(target);
  // What is asked of a pod whose probes ask nothing over HTTP.
  const verify = { ...runbook.spec.verify, checks: [{ http: { path: '/' } }] };
  const asking = { ...runbook, spec: { ...runbook.spec, verify } };
  return contextFor(kubernetes, target, { finding: unresponsive, runbook: asking, ...over });
}
const plannedFor = (target: Target) => planned(context(target), 'replace-pods', { timeout: '90s' });
const deleted = ({ changes }: Plan) =>
  changes.flatMap((change) => (change.type === 'delete' ? [change.object.name] : []));
const remove = (target: Target) => kubernetes.apps.deleteNamespacedDeployment({ name: target.name, namespace });

describe('pods that hang', () => {
  test('are looked into from beside where the runbook names an image for it, which a person has approved', async () => {
    await provideImages({ registry: access?.registry }, ['kosmos-agent'], () => undefined);
    const target = await serving(probed);
    const [hangs = ''] = await readyPods(target);
    await hang(hangs);
    await until('the probe to fail', async () => (await readyPods(target)).length === 1);
    const plan = await planned(context(target), 'thread-dump', { image: IMAGES['kosmos-agent'].reference });
    expect(plan.ask).toContain(`may be added to ${hangs}`);
    const saw = async () => {
      const done = await actionNamed('thread-dump').apply(context(target, { kubernetes: kintsugi }), plan);
      return typeof done === 'string' ? [] : done.saw;
    };
    expect((await saw())[0]).toMatch(/: process 1 \(Python 3\.\d+\.\d+\) has \d+ threads.*do_GET/);
    expect((await saw())[0]).toContain('do_GET');
    const pod = await kubernetes.core.readNamespacedPod({ name: hangs, namespace });
    expect(pod.spec?.ephemeralContainers).toHaveLength(1);
    const mounted = { name: 'kintsugi-look-99', image: 'x', command: ['sleep', '1'], targetContainerName: 'app' };
    const body = { spec: { ephemeralContainers: [{ ...mounted, securityContext: { privileged: true } }] } };
    const options = callOptions({ patch: PatchStrategy.StrategicMergePatch });
    await until('the policy to hold', async () => {
      const added = kintsugi.core.patchNamespacedPodEphemeralcontainers(
        { name: hangs, namespace, body, dryRun: 'All' },
        options,
      );
      return added.then(
        () => false,
        (error: Error) => error.message.includes('only to look at their processes'),
      );
    });
    await remove(target);
  });

  test('are replaced where they are not ready, and only they; twice is once', async () => {
    const target = await serving(probed);
    expect((await plannedFor(target)).refusal?.code).toBe('none-unready');
    const [stays = '', hangs = ''] = await readyPods(target);
    await hang(hangs);
    await until('the probe to fail', async () => (await readyPods(target)).length === 1);
    const plan = await plannedFor(target);
    expect(deleted(plan)).toEqual([hangs]);
    expect(plan).toMatchObject({ undo: 'none', risk: 'low', waitSeconds: 90 });
    expect(await action.hasWritten?.(context(target), plan)).toBe(false);
    expect(await action.apply(context(target), plan)).toBe('applied');
    const after = await readyPods(target);
    expect(after).toHaveLength(2);
    expect(after).toContain(stays);
    expect(after).not.toContain(hangs);
    expect(await action.hasWritten?.(context(target), plan)).toBe(true);
    expect(await action.apply(context(target), plan)).toBe('applied');
    expect((await readyPods(target)).toSorted()).toEqual(after.toSorted());
    expect(await action.revert(context(target), plan)).toEqual({ outcome: 'not-needed' });
    await remove(target);
  });

  test('are looked into before: what the image has no program for is not possible, and the remedy goes on', async () => {
    const target = await serving(probed);
    const [hangs = ''] = await readyPods(target);
    await hang(hangs);
    await until('the probe to fail', async () => (await readyPods(target)).length === 1);
    const dump = actionNamed('thread-dump');
    const plan = await planned(context(target), 'thread-dump');
    expect(plan.changes).toEqual([{ type: 'effect', what: expect.stringContaining('without stopping it') }]);
    const done = await dump.apply(context(target), plan);
    const lines = typeof done === 'string' ? [] : done.saw;
    expect(lines).toEqual([
      `${hangs}: stacks: not possible: py-spy is not in the image`,
      expect.stringMatching(/: threads: \d+, 0 running; waiting in futex/),
      expect.stringMatching(/: sockets: listens at 8080/),
      expect.stringMatching(
        /: the whole dump \(\d+ bytes\), on the worker's machine: kintsugi artifact get [0-9a-f]{64}$/,
      ),
    ]);
    await remove(target);
  });

  test('are evicted one at a time where their probe sees nothing, and a budget that allows none is refused in the end', async () => {
    const target = await serving(unprobed);
    const pods = await readyPods(target);
    for (const pod of pods) await hang(pod);
    const plan = await plannedFor(target);
    expect(deleted(plan).toSorted()).toEqual(pods.toSorted());
    const budget = {
      metadata: { name: target.name },
      spec: { minAvailable: 2, selector: { matchLabels: { app: target.name } } },
    };
    await kubernetes.policy.createNamespacedPodDisruptionBudget({ namespace, body: budget });
    await until('the budget to be counted', async () => {
      const { status } = await kubernetes.policy.readNamespacedPodDisruptionBudget({ name: target.name, namespace });
      return status?.expectedPods === 2;
    });
    const impatient = await planned(context(target), 'replace-pods', { timeout: '3s' });
    await expect(action.apply(context(target), impatient)).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('disruption budget'),
    });
    expect((await readyPods(target)).toSorted()).toEqual(pods.toSorted());
    await kubernetes.policy.deleteNamespacedPodDisruptionBudget({ name: target.name, namespace });
    const fewest = { ready: 2 };
    const watching = context(target, { heartbeat: () => void countReady(target, fewest) });
    expect(await action.apply(watching, plan)).toBe('applied');
    expect(fewest.ready).toBeGreaterThanOrEqual(1);
    expect((await readyPods(target)).filter((pod) => pods.includes(pod))).toEqual([]);
    await remove(target);
  });

  test('are left alone while remedies are paused or a later step has written, and the rest is replaced afterwards', async () => {
    const target = await serving(probed);
    const pods = await readyPods(target);
    for (const pod of pods) await hang(pod);
    await until('the probes to fail', async () => (await readyPods(target)).length === 0);
    const plan = await plannedFor(target);
    let asked = 0;
    const pausedAfterOne = context(target, { heldBack: async () => (asked++ === 0 ? null : 'paused by a person') });
    await expect(action.apply(pausedAfterOne, plan)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    const half = await podsOf(kubernetes, target);
    expect(half.filter(({ metadata }) => pods.includes(metadata?.name ?? ''))).toHaveLength(1);
    await patchByHand(kubernetes, target, { metadata: { annotations: { [GUARD]: `${RECOVERY}#9` } } });
    await expect(action.apply(context(target), plan)).rejects.toBeInstanceOf(KintsugiError);
    await patchByHand(kubernetes, target, { metadata: { annotations: { [GUARD]: null } } });
    expect(await action.apply(context(target), plan)).toBe('applied');
    const after = await readyPods(target);
    expect(after).toHaveLength(2);
    expect(after.filter((pod) => pods.includes(pod))).toEqual([]);
    await remove(target);
  });
});

async function countReady(target: Target, fewest: { ready: number }): Promise<void> {
  fewest.ready = Math.min(fewest.ready, (await readyPods(target)).length);
}
