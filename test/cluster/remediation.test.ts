import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { pino } from 'pino';
import { readRecipe } from '../../src/actions/write/guard.ts';
import { createBaselines } from '../../src/activities/baseline-store.ts';
import { createCompensation } from '../../src/activities/compensate.ts';
import { pause, readPause, resume } from '../../src/activities/pause.ts';
import { recordBaseline } from '../../src/activities/record-baseline.ts';
import { createRemediation } from '../../src/activities/remediate.ts';
import type { RemediationDependencies } from '../../src/activities/remedy-context.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { templateHash } from '../../src/kubernetes/template.ts';
import { readWorkload } from '../../src/kubernetes/workloads.ts';
import type { ApplyInput, PlanInput } from '../../src/recovery/activities.ts';
import type { Plan, Target } from '../../src/recovery/values.ts';
import { finding, noBuilds, RECOVERY, runbookFor } from '../actions/action-context.ts';
import { memoryArtifacts, memoryExecutions } from '../actions/memory-stores.ts';
import { secrets } from '../actions/secrets.ts';
import { inActivity } from '../activities/in-activity.ts';
import { needs, provided } from '../needs.ts';
import { createNamespace, deleteNamespace } from './namespace.ts';
import { containerPatch, healthyDeployment, idleImage, patchByHand } from './workloads.ts';

needs('cluster');

// A real cluster schedules and starts pods: seconds as a rule.
jest.setTimeout(120_000);

let kubernetes: Kubernetes;
let home: string;
let image: string;
const namespaces: string[] = [];
/** The recoveries whose runs Temporal would call open. */
const open = new Set<string>();

beforeAll(async () => {
  kubernetes = connectKubernetes({ kubeconfig: provided('cluster') });
  image = await idleImage(kubernetes);
  home = await createNamespace(kubernetes, 'kintsugi');
});

afterAll(async () => {
  for (const namespace of [home, ...namespaces]) await deleteNamespace(kubernetes, namespace);
});

describe('a remedy, from its plans to its undo', () => {
  test('is planned, applied once even when repeated, waited for, and taken back', async () => {
    const target = await healthy();
    const before = await readWorkload(kubernetes, target);
    const { plans, digest } = await planRemedy(planInput(target));
    expect(plans.map(({ action, refusal }) => [action, refusal])).toEqual([
      ['set-resources', undefined],
      ['wait-ready', undefined],
    ]);
    expect((await planRemedy(planInput(target))).digest).toBe(digest);

    const first = applyInput(target, plans, 0);
    expect(await applyAction(first)).toEqual({ outcome: 'applied' });
    expect(await applyAction(first)).toEqual({ outcome: 'applied' });
    const after = await readWorkload(kubernetes, target);
    expect(after.generation).toBe(before.generation + 1);
    expect(readRecipe((await readWorkload(kubernetes, target)).annotations)).toEqual({
      recoveryId: RECOVERY,
      plans: [plans[0]],
    });
    expect(await applyAction(applyInput(target, plans, 1))).toMatchObject({
      outcome: expect.stringMatching(/applied|unchanged/),
    });

    expect(await compensate(target, plans[0], 20)).toEqual({ outcome: 'undone' });
    const undone = await readWorkload(kubernetes, target);
    expect(templateHash(undone.template)).toBe(templateHash(before.template));
    expect(readRecipe(undone.annotations)).toBeNull();
    await release(target);
  });

  test('a change made since it was planned is planned anew instead of applied', async () => {
    const target = await healthy();
    const { plans } = await planRemedy(planInput(target));
    await patchByHand(kubernetes, target, containerPatch({ resources: { limits: { memory: '40Mi' } } }));
    const result = await applyAction(applyInput(target, plans, 0));
    expect(result.outcome).toBe('replanned');
    if (result.outcome !== 'replanned') return;
    const limit = result.plan.changes.find(
      (change) => change.type === 'field' && change.path.endsWith('/limits/memory'),
    );
    expect(limit).toMatchObject({ before: { value: '40Mi' }, after: { value: '64Mi' } });
    await release(target);
  });

  test('what the rules refuse by the time of the apply fails with their reason, and writes nothing', async () => {
    const target = await healthy();
    const { plans } = await planRemedy(planInput(target));
    await patchByHand(kubernetes, target, containerPatch({ resources: { limits: { memory: '200Mi' } } }));
    const before = await readWorkload(kubernetes, target);
    expect(await applyAction(applyInput(target, plans, 0))).toMatchObject({
      outcome: 'failed',
      error: { code: 'at-cap' },
    });
    expect((await readWorkload(kubernetes, target)).generation).toBe(before.generation);
    await release(target);
  });

  test('a workload that is not the runbook’s is refused', async () => {
    const target = await healthy();
    const input = planInput(target);
    const runbook = { ...input.runbook, spec: { ...input.runbook.spec } };
    runbook.spec.target = { ...runbook.spec.target, name: 'another' };
    const { plans } = await planRemedy({ ...input, runbook });
    expect(plans[0]?.refusal).toMatchObject({
      code: 'not-the-target',
      reason: expect.stringContaining('app is not another'),
    });
  });

  test('a target that is gone is a refusal with its name', async () => {
    const { plans } = await planRemedy(planInput({ namespace: home, kind: 'Deployment', name: 'gone' }));
    expect(plans[0]?.refusal).toMatchObject({ code: 'not-found', reason: expect.stringContaining('"gone" not found') });
  });
});

describe('the pause switch', () => {
  test('holds every remedy back, says who and why, and lets undos go on', async () => {
    const target = await healthy();
    const { plans } = await planRemedy(planInput(target));
    const at = { kubernetes, namespace: home };
    expect(await readPause(at)).toEqual({ paused: false });
    await pause(at, { actor: 'ann', reason: 'release day' });
    expect(await applyAction(applyInput(target, plans, 0))).toMatchObject({
      outcome: 'held-back',
      why: expect.stringMatching(/^paused by ann at .*: release day$/),
    });
    expect(await compensate(target, plans[0], 20)).toEqual({ outcome: 'not-needed' });
    await resume(at, { actor: 'ann', reason: 'released' });
    expect(await readPause(at)).toEqual({ paused: false });
    expect(await applyAction({ ...applyInput(target, plans, 0), step: 21 })).toEqual({ outcome: 'applied' });
    await release(target);
  });
});

describe('one remedy at a time', () => {
  test('the Lease holds another recovery off until its holder gives it back or has ended', async () => {
    const target = await healthy();
    const { plans } = await planRemedy(planInput(target));
    const mine = applyInput(target, plans, 0);
    const other = { ...mine, recoveryId: 'recovery/test/other@00000001' };
    const third = { ...mine, recoveryId: 'recovery/test/third@00000002' };
    open.add(RECOVERY).add(other.recoveryId);
    expect(await applyAction(mine)).toEqual({ outcome: 'applied' });
    expect(await applyAction(other)).toEqual({
      outcome: 'held-back',
      why: `recovery ${RECOVERY} is mending namespace ${target.namespace}`,
    });
    await release(target);
    expect(await compensate(target, plans[0], 20)).toEqual({ outcome: 'undone' });
    open.delete(RECOVERY);
    expect(await applyAction(other)).toEqual({ outcome: 'applied' });
    open.delete(other.recoveryId);
    expect((await applyAction(third)).outcome).not.toBe('held-back');
    const leases = await kubernetes.coordination.listNamespacedLease({ namespace: home });
    expect(leases.items.map(({ spec }) => spec?.holderIdentity)).toContain(third.recoveryId);
  });
});

describe('the healthy baseline', () => {
  test('is kept with its template, digests and references, and without a secret in it', async () => {
    const target = await healthy();
    const baselines = createBaselines({ kubernetes, namespace: home, secrets });
    expect(await baselines.read(target)).toBeNull();
    const written = await recordBaseline(kubernetes, baselines, target);
    const again = await recordBaseline(kubernetes, baselines, target);
    const { templateHash: hash, revision, seenAt } = again;
    const seen = [{ templateHash: hash, revision, seenAt, digests: { app: again.containers[0]?.digest } }];
    expect(await baselines.read(target)).toEqual({ ...again, seen });
    expect(again).toEqual({ ...written, seenAt: again.seenAt });
    expect(written.templateHash).toBe(templateHash((await readWorkload(kubernetes, target)).template));
    expect(written.containers[0]?.env).toEqual({
      LOG_LEVEL: { value: 'info' },
      DB_PASSWORD: { hmac: secrets.hmac('first secret') },
    });
    const maps = await kubernetes.core.listNamespacedConfigMap({ namespace: home });
    expect(JSON.stringify(maps.items)).not.toContain('first secret');
  });

  test('is not recorded while the last change is not rolled out', async () => {
    const target = await healthy();
    const baselines = createBaselines({ kubernetes, namespace: home, secrets });
    await patchByHand(kubernetes, target, containerPatch({ command: ['/nothing-there'] }));
    await expect(recordBaseline(kubernetes, baselines, target)).rejects.toMatchObject({ code: 'refused' });
    expect(await baselines.read(target)).toBeNull();
  });
});

function dependencies(): RemediationDependencies {
  return {
    kubernetes,
    baselines: createBaselines({ kubernetes, namespace: home, secrets }),
    log: pino({ level: 'silent' }),
    namespace: home,
    artifacts: memoryArtifacts(),
    executions: memoryExecutions(),
    mirrors: {},
    runbooks: '/nowhere/runbooks',
    builds: noBuilds,
    isRunOpen: async (recoveryId) => open.has(recoveryId),
  };
}

const planRemedy = (input: PlanInput) => inActivity(() => createRemediation(dependencies()).planRemedy(input));
const applyAction = (input: ApplyInput) => inActivity(() => createRemediation(dependencies()).applyAction(input));
const release = (target: Target) =>
  inActivity(() =>
    createRemediation(dependencies()).release({ recoveryId: RECOVERY, target, runbook: runbookFor(target) }),
  );
const compensate = (target: Target, plan: Plan | undefined, step: number) => {
  if (plan === undefined) throw new Error('there is a plan');
  const input = { recoveryId: RECOVERY, target, runbook: runbookFor(target), plan, step };
  return inActivity(() => createCompensation(dependencies()).compensate(input));
};

async function healthy(): Promise<Target> {
  const namespace = await createNamespace(kubernetes, 'remediation');
  namespaces.push(namespace);
  return healthyDeployment(kubernetes, namespace, image);
}

function planInput(target: Target): PlanInput {
  const runbook = runbookFor(target);
  runbook.spec.causes = [
    {
      cause: 'oom-killed',
      symptoms: [],
      prevention: [],
      seeAlso: [],
      remedies: [
        {
          name: 'raise-memory',
          approval: 'none',
          actions: [
            {
              'set-resources': {
                container: '$container',
                memory: { request: '24Mi', limit: '64Mi', factor: 1.5, cap: '96Mi' },
              },
            },
            { 'wait-ready': { timeout: '60s' } },
          ],
        },
      ],
    },
  ];
  return {
    recoveryId: RECOVERY,
    target,
    runbook,
    n: 1,
    finding,
    remedy: 'raise-memory',
    brokenSince: new Date(Date.now() + 60_000).toISOString(),
  };
}

/** Approved: no pod here was really OOM-killed, and a local image has no registry to ask. */
function applyInput(target: Target, plans: readonly Plan[], i: number): ApplyInput {
  const plan = plans[i];
  if (plan === undefined) throw new Error(`there is a plan ${i}`);
  return { ...planInput(target), i, step: 10 + i, plan, earlier: plans.slice(0, i), approved: true };
}
