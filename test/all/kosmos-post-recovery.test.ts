import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { applyFault } from '../../dev/workloads/faults/registry.ts';
import { waitFor } from '../../dev/workloads/wait.ts';
import { RUNBOOKS } from '../../dev/world/runbooks.ts';
import { createPostRecovery } from '../../src/activities/post-recovery.ts';
import { createRedactor } from '../../src/diagnosis/redaction.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import type { AfterRecoveryInput } from '../../src/recovery/activities.ts';
import type { PostRecoveryItem } from '../../src/recovery/values.ts';
import { loadRunbook } from '../../src/runbook/load.ts';
import { type KosmosAlertWorld, startKosmosAlertWorld } from '../cluster/kosmos-alert-world.ts';
import { needs, provided } from '../needs.ts';

needs('cluster');

jest.setTimeout(300_000);

/** What a program can say of the points after a recovery of KOSMOS' agents, from the real cluster and a real Prometheus. */

const kube = connectKubernetes({ kubeconfig: provided('cluster') });
let world: KosmosAlertWorld;

beforeAll(async () => {
  world = await startKosmosAlertWorld(kube, provided('cluster'), 'points');
});

afterAll(() => world?.stop());

/** The points after a recovery of this agent, by the published runbook, once they are as `wanted`. */
async function filledIn(
  { kind, name }: { kind: string; name: string },
  wanted: (items: PostRecoveryItem[]) => boolean,
): Promise<PostRecoveryItem[]> {
  const { runbook } = await loadRunbook(RUNBOOKS, 'kosmos-agent-recovery');
  const { redact } = createRedactor({ key: 'a'.repeat(64) });
  const { prometheusUrl } = world.monitoring;
  const { checkAfterRecovery } = createPostRecovery({ kubernetes: kube, prometheusUrl, redact });
  const input: AfterRecoveryInput = {
    recoveryId: `recovery/development/${world.namespaces.kosmos}/${kind.toLowerCase()}/${name}@12345678`,
    target: { namespace: world.namespaces.kosmos, kind, name },
    runbook,
    since: new Date(Date.now() - 60_000).toISOString(),
    points: (runbook.spec.postRecovery?.points ?? []).slice(0, 3),
  };
  let items: PostRecoveryItem[] = [];
  await waitFor({ what: `the points of ${name}`, seconds: 150 }, async () => {
    const answer: { items: PostRecoveryItem[] } = await new MockActivityEnvironment().run(checkAfterRecovery, input);
    ({ items } = answer);
    return wanted(items) ? undefined : JSON.stringify(items);
  });
  return items;
}

test.each([
  { kind: 'Deployment', name: 'zeus-orchestrator' },
  { kind: 'StatefulSet', name: 'hermes-agent' },
])('$name that is well leaves nothing open that a program can answer', async (agent) => {
  const items = await filledIn(agent, (points) => points.every(({ state }) => state === 'done'));
  expect(items).toEqual([
    { id: 'function', text: 'Verify agent functionality', state: 'done', saw: expect.stringContaining('GET /state') },
    {
      id: 'metrics',
      text: expect.any(String),
      state: 'done',
      saw: expect.stringMatching(
        /^ready pods: [12] \(at least 1\); restarts in the last 5 min: 0 \(at most 0\); conversations: \d+; replies in the last 5 min: \d/,
      ),
    },
    { id: 'logs', text: expect.any(String), state: 'done', saw: expect.stringMatching(/no crash and no error/) },
  ]);
});

test('an agent that is broken has points that are found, each with what was seen', async () => {
  await Promise.all(
    ['kosmos-memory', 'kosmos-degraded'].map((fault) =>
      applyFault(fault, { kube, namespaces: world.namespaces, progress: () => undefined }),
    ),
  );
  const stuck = await filledIn({ kind: 'StatefulSet', name: 'hermes-agent' }, ([asked]) => asked?.state === 'found');
  expect(stuck[0]?.saw).toMatch(/ready: .*hermes-agent-1/);
  const killed = await filledIn(
    { kind: 'Deployment', name: 'zeus-orchestrator' },
    (points) => points[1]?.state === 'found',
  );
  expect(killed[1]?.saw).toMatch(/restarts in the last 5 min: [\d.]+, and not at most 0/);
});
