import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { V1Pod } from '@kubernetes/client-node';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Baselines } from '../../src/activities/baseline.ts';
import { createVerification } from '../../src/activities/verify.ts';
import { createLogger } from '../../src/log.ts';
import type { Look, LookInput, Verification, VerifyInput } from '../../src/recovery/activities.ts';
import type { Plan } from '../../src/recovery/values.ts';
import { type FakeApiServer, refuse, startApiServer } from '../checks/api-server.ts';
import { runbookOf } from '../checks/contexts.ts';
import { ended } from '../verification/objects.ts';
import { livePod, memoryBaselines, paths, targetRoutes } from './fake-target.ts';

const log = createLogger({ level: 'silent', component: 'test' });
const before = { desired: 1, ready: 0, readyHeld: 0, longestLifeSeconds: 5 };
const input: VerifyInput = {
  recoveryId: 'recovery/dev/test/deployment/app@1',
  target: { namespace: 'test', kind: 'Deployment', name: 'app' },
  runbook: runbookOf(['ready', 'restarts-stable', { http: { path: '/health' } }], { service: undefined }),
  before,
  plans: [],
};

const secondsAgo = (seconds: number): Date => new Date(Date.now() - seconds * 1000);

/** The one pod, ready for so many seconds as of now. */
const readyPod = (seconds: number): V1Pod => livePod({ readyFor: seconds });

/** The one pod, ready again since its container was OOM-killed so many seconds ago. */
const crashed = (secondsSince: number): V1Pod =>
  livePod({ readyFor: 1, lastState: ended(5, secondsSince, 'OOMKilled', 137) });

let server: FakeApiServer;
let baselines: ReturnType<typeof memoryBaselines>;
beforeEach(async () => {
  server = await startApiServer(targetRoutes([readyPod(120)]));
  baselines = memoryBaselines();
});
afterEach(() => server.close());

/** Runs the activity as if it had been scheduled so many seconds ago. */
async function verify(
  changes: Partial<VerifyInput> = {},
  scheduledAgo = 0,
  stored: Baselines = baselines,
): Promise<Verification> {
  const { verify: activity } = createVerification({ kubernetes: server.kubernetes, baselines: stored, log });
  const environment = new MockActivityEnvironment({ scheduledTimestampMs: Date.now() - scheduledAgo * 1000 });
  const verification: Verification = await environment.run(activity, { ...input, ...changes });
  return verification;
}

async function look(changes: Partial<LookInput> = {}): Promise<Look> {
  const { look: activity } = createVerification({ kubernetes: server.kubernetes, baselines, log });
  const { recoveryId, target, runbook } = input;
  const seen: Look = await new MockActivityEnvironment().run(activity, { recoveryId, target, runbook, ...changes });
  return seen;
}

const resultsOf = ({ checks }: Verification): Record<string, string> =>
  Object.fromEntries(checks.map(({ name, result }) => [name, result]));

describe('a verification', () => {
  test('passes at once when the pods have stood the window, as after a dead worker, and records the baseline', async () => {
    const verification = await verify({}, 120);
    expect(verification).toMatchObject({ result: 'pass', better: true, measure: { ready: 1, readyHeld: 1 } });
    expect(resultsOf(verification)).toEqual({ ready: 'pass', 'restarts-stable': 'pass', 'http /health': 'pass' });
    expect(baselines.written).toMatchObject([{ target: input.target, replicas: 1 }]);
  });

  test('always asks ready and restarts-stable, whatever the runbook lists', async () => {
    const runbook = runbookOf([{ http: { path: '/health' } }], { service: undefined });
    expect(resultsOf(await verify({ runbook }))).toMatchObject({ ready: 'pass', 'restarts-stable': 'pass' });
  });

  test('waits until the window is over', async () => {
    server.routes[paths.pods] = { items: [readyPod(57)] };
    const verification = await verify();
    expect(verification.result).toBe('pass');
    expect(server.seen.filter(({ path }) => path.startsWith(paths.deployment)).length).toBeGreaterThan(1);
  }, 20_000);

  test('fails early when a container ends again, and asks no more than it must', async () => {
    server.routes[paths.pods] = { items: [crashed(2)] };
    const verification = await verify({}, 20);
    expect(verification).toMatchObject({ result: 'fail', better: false });
    expect(verification.checks[0]).toEqual({
      name: 'restarted',
      result: 'fail',
      saw: 'ended again: app of app-1: OOMKilled (137)',
    });
    expect(resultsOf(verification)['http /health']).toBe('unknown');
    expect(server.seen.some(({ path }) => path.includes('proxy'))).toBe(false);
    expect(baselines.written).toEqual([]);
  });

  test('fails when an endpoint is bad though every pod is ready', async () => {
    server.routes[paths.health] = (_request, response) => void response.writeHead(500).end();
    expect(await verify()).toMatchObject({ result: 'fail', better: true });
    expect(baselines.written).toEqual([]);
  });

  test('is unknown, which undoes nothing, when a check that the runbook asks for could not be run', async () => {
    server.routes[paths.health] = (_request, response) =>
      refuse(response, 403, 'User "kintsugi" cannot get resource "pods/proxy"');
    expect(await verify()).toMatchObject({ result: 'unknown' });
    expect(baselines.written).toEqual([]);
  });

  test('passes with a logs check that was given no pattern, and names it as unknown', async () => {
    const verification = await verify({ runbook: runbookOf(['logs'], { service: undefined }) });
    expect(verification.result).toBe('pass');
    expect(resultsOf(verification).logs).toBe('unknown');
  });

  test('after an OOM names the memory as unknown where there is no metrics-server', async () => {
    const verification = await verify({ cause: 'oom-killed' });
    expect(verification.result).toBe('pass');
    expect(resultsOf(verification)['working-set']).toBe('unknown');
  });

  test('fails when the live pods lack what the plans gave the template', async () => {
    const plan: Plan = {
      action: 'set-resources',
      summary: 'memory limit 1Gi to 2Gi',
      risk: 'low',
      undo: 'on-failure',
      args: {},
      waitSeconds: 0,
      changes: [
        {
          type: 'field',
          object: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'test', name: 'app' },
          path: '/spec/template/spec/containers/0/resources/limits/memory',
          before: { value: '1Gi' },
          after: { value: '2Gi' },
        },
      ],
    };
    const verification = await verify({ plans: [plan] });
    expect(verification.result).toBe('fail');
    expect(resultsOf(verification)['planned-values']).toBe('fail');
  });

  test('outlasts an API server that is away for a while', async () => {
    const deployment = server.routes[paths.deployment];
    let refusals = 2;
    server.routes[paths.deployment] = (_request, response) => {
      if (refusals > 0) {
        refusals -= 1;
        return refuse(response, 503, 'etcdserver: request timed out');
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(deployment));
    };
    expect((await verify()).result).toBe('pass');
  }, 15_000);

  test('is unknown when the target may not be read, and fails when it is gone', async () => {
    server.routes[paths.deployment] = (_request, response) => refuse(response, 403, 'User "k" cannot get resource');
    expect(await verify()).toMatchObject({ result: 'unknown', better: 'unknown' });
    server.routes[paths.deployment] = (_request, response) => refuse(response, 404, 'deployments.apps "app" not found');
    expect(await verify()).toMatchObject({ result: 'fail', better: false });
  });

  test('passes though the baseline cannot be written', async () => {
    const readOnly: Baselines = { ...baselines, write: () => Promise.reject(new Error('read-only')) };
    expect((await verify({}, 0, readOnly)).result).toBe('pass');
  });

  test('fails with fewer pods than the healthy baseline had', async () => {
    await verify();
    const [baseline] = baselines.written;
    if (baseline === undefined) throw new Error('no baseline was recorded');
    const three = memoryBaselines([{ ...baseline, replicas: 3 }]);
    const verification = await verify({}, 400, three);
    expect(verification.result).toBe('fail');
    expect(verification.checks[0]?.saw).toContain('1 pods wanted, 3 before');
  });

  test('ends promptly when it is cancelled in the wait', async () => {
    server.routes[paths.pods] = { items: [readyPod(1)] };
    const { verify: activity } = createVerification({ kubernetes: server.kubernetes, baselines, log });
    const environment = new MockActivityEnvironment({ scheduledTimestampMs: Date.now() });
    const running = environment.run(activity, input);
    running.catch(() => undefined);
    await new Promise<void>((resolve) => {
      environment.on('heartbeat', (detail: string) => {
        if (detail.startsWith('ready for')) resolve();
      });
    });
    environment.cancel('CANCELLED');
    await expect(running).rejects.toThrow('CANCELLED');
  });
});

describe('a look', () => {
  test('is healthy when every start is older than the window', async () => {
    expect(await look({ before })).toMatchObject({ healthy: true, broken: false, better: true });
  });

  test('without a diagnosis before cannot say whether it is better', async () => {
    expect(await look()).toMatchObject({ healthy: true, better: 'unknown' });
  });

  test('is broken by a restart since the last one', async () => {
    server.routes[paths.pods] = { items: [crashed(10)] };
    expect(await look({ before, since: secondsAgo(60).toISOString() })).toMatchObject({ healthy: false, broken: true });
    expect(await look({ before, since: secondsAgo(5).toISOString() })).toMatchObject({ healthy: false, broken: false });
  });

  test('that cannot be taken is a failure and no verdict', async () => {
    server.routes[paths.deployment] = (_request, response) => refuse(response, 503, 'overloaded');
    await expect(look()).rejects.toMatchObject({ type: 'unavailable', nonRetryable: false });
  });
});
