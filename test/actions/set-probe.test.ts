import { afterEach, describe, expect, test } from '@jest/globals';
import { actionNamed } from '../../src/actions/parameters.ts';
import { morePatient, startBudget } from '../../src/actions/plan/probe.ts';
import { probeFailure } from '../../src/diagnosis/probe-facts.ts';
import { type FakeApiServer, type Route, refuse } from '../checks/api-server.ts';
import { PROXY, startTemplateWorld, type TemplateStory } from './template-world.ts';

const WRITTEN = { initialDelaySeconds: 60, periodSeconds: 15, timeoutSeconds: 10, failureThreshold: 5 };
const PUBLISHED = {
  httpGet: { path: '/health', port: 8080, scheme: 'HTTP' },
  initialDelaySeconds: 30,
  periodSeconds: 10,
  timeoutSeconds: 5,
  failureThreshold: 3,
  successThreshold: 1,
};
const LATE =
  'Liveness probe failed: Get "http://10.244.0.1:8080/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
const REFUSED =
  'Liveness probe failed: Get "http://10.244.0.1:8080/health": dial tcp 10.244.0.1:8080: connect: connection refused';

let server: FakeApiServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const answering =
  (status: number): Route =>
  (_request, response) =>
    void response.writeHead(status).end('{}');

/** The plan for a program that answers its liveness probe too late, unless the story says otherwise. */
async function planned(
  story: Partial<TemplateStory> = {},
  params: Parameters<Awaited<ReturnType<typeof startTemplateWorld>>['plan']>[1] = WRITTEN,
) {
  const world = await startTemplateWorld({
    healthy: { livenessProbe: PUBLISHED },
    finding: { cause: 'liveness-probe-failure' },
    events: [{ message: LATE }],
    ...story,
    routes: { [`${PROXY}/health`]: answering(200), ...story.routes },
  });
  server = world.server;
  return world.plan('set-probe', params);
}

function changesOf({ changes }: Awaited<ReturnType<typeof planned>>) {
  return Object.fromEntries(
    changes.flatMap((change) =>
      change.type === 'field' && 'value' in change.after ? [[change.path.split('/').at(-1), change.after.value]] : [],
    ),
  );
}

describe('a probe becomes only more patient (safety 9)', () => {
  test.each([
    ['as written where that is more', PUBLISHED, WRITTEN, false, WRITTEN],
    [
      'only where it is more',
      { timeoutSeconds: 20, periodSeconds: 15 },
      WRITTEN,
      false,
      { initialDelaySeconds: 60, failureThreshold: 5 },
    ],
    [
      'not at all where all is more already',
      { initialDelaySeconds: 90, periodSeconds: 30, timeoutSeconds: 30, failureThreshold: 9 },
      WRITTEN,
      false,
      {},
    ],
    ['not by what Kubernetes takes by default', {}, { timeoutSeconds: 1, failureThreshold: 3 }, false, {}],
    [
      'without a longer delay where a startupProbe covers the start',
      PUBLISHED,
      WRITTEN,
      true,
      { periodSeconds: 15, timeoutSeconds: 10, failureThreshold: 5 },
    ],
  ])('%s', (_, probe, wanted, covered, expected) => {
    expect(Object.fromEntries(morePatient(probe, wanted, covered).map(({ field, after }) => [field, after]))).toEqual(
      expected,
    );
  });

  test('the time for a start is that of the startupProbe, else of the liveness probe', () => {
    const liveness = { initialDelaySeconds: 30, failureThreshold: 3 };
    expect(startBudget({ name: 'a', livenessProbe: liveness })).toBe(60);
    expect(startBudget({ name: 'a', livenessProbe: liveness, startupProbe: { failureThreshold: 30 } })).toBe(300);
  });
});

describe("the kubelet's words for a failed probe", () => {
  test.each([
    [LATE, 'late'],
    ['Liveness probe failed: command timed out: "sleep 9" timed out after 1s', 'late'],
    ['Liveness probe failed: timeout: health rpc did not complete within 1s: context deadline exceeded', 'late'],
    ['Liveness probe failed: dial tcp 10.244.0.1:6379: i/o timeout', 'late'],
    ['Liveness probe errored: rpc error: code = DeadlineExceeded desc = failed to exec', 'late'],
    [REFUSED, 'refused'],
    ['Liveness probe failed: HTTP probe failed with statuscode: 504', 'status'],
    ['Liveness probe failed: HTTP probe failed with statuscode: 404', 'not-found'],
    ['Liveness probe failed: cat: /tmp/alive: No such file or directory', 'command'],
  ])('%s', (message, failure) => {
    expect(probeFailure(message)).toBe(failure);
  });
});

describe('set-probe', () => {
  test('gives a probe the written time where its endpoint answers well, but late', async () => {
    const plan = await planned();
    expect(plan.refusal).toBeUndefined();
    expect(plan.ask).toBeUndefined();
    expect(changesOf(plan)).toEqual(WRITTEN);
    expect(plan.summary).toContain('timeoutSeconds 5 -> 10');
  });

  test('waits for a container in back-off to run again before it judges', async () => {
    let asked = 0;
    const route: Route = (_request, response) => {
      asked += 1;
      if (asked === 1)
        refuse(response, 503, 'error trying to reach service: dial tcp 10.244.0.1:8080: connect: connection refused');
      else response.writeHead(200).end('{}');
    };
    expect((await planned({ routes: { [`${PROXY}/health`]: route } })).refusal).toBeUndefined();
    expect(asked).toBe(2);
  });

  test.each<[string, string, RegExp, Partial<TemplateStory>]>([
    [
      'a wrong path',
      'not-slow',
      /answered with status 404: its path or port is not the one .* patience does not cure that/,
      { events: [{ message: 'Liveness probe failed: HTTP probe failed with statuscode: 404' }] },
    ],
    [
      'a program that says that it is not well',
      'not-slow',
      /answered with status 500: the program itself says/,
      { events: [{ message: LATE }, { message: 'Liveness probe failed: HTTP probe failed with statuscode: 500' }] },
    ],
    [
      'an endpoint that answers 500 when it is asked',
      'not-slow',
      /status 500/,
      { routes: { [`${PROXY}/health`]: answering(500) } },
    ],
    [
      'a wrong port',
      'not-late',
      /nothing listens where .*: a wrong port, or a start that takes long/,
      { events: [{ message: REFUSED }] },
    ],
    ['no event that tells of it', 'not-late', /no event says/, { events: [] }],
    ['another cause', 'other-cause', /permission-denied/, { finding: { cause: 'permission-denied' } }],
    [
      'a probe that is patient already',
      'patient-already',
      /all the time/,
      { healthy: { livenessProbe: { ...PUBLISHED, ...WRITTEN } } },
    ],
    ['no such probe', 'not-found', /no liveness probe/, { healthy: {} }],
    [
      'a container that is throttled, as the finding says',
      'cpu-throttled',
      /throttled in 83 % of periods: patience does not cure that/,
      {
        healthy: { livenessProbe: PUBLISHED, resources: { limits: { cpu: '1' } } },
        finding: {
          cause: 'liveness-probe-failure',
          summary:
            'The kubelet ended app because its liveness probe failed: late, while its CPU is throttled in 83 % of periods.',
        },
      },
    ],
    [
      'a container at its CPU limit',
      'cpu-throttled',
      /uses 0\.97 of its 1 cores .*patience does not cure that/,
      {
        healthy: { livenessProbe: PUBLISHED, resources: { limits: { cpu: '1' } } },
        routes: {
          '/apis/metrics.k8s.io/v1beta1/namespaces/bruno/pods': {
            items: [
              {
                metadata: { name: 'app-new-1' },
                timestamp: '2025-10-15T12:00:00Z',
                containers: [{ name: 'app', usage: { cpu: '970m', memory: '20Mi' } }],
              },
            ],
          },
        },
      },
    ],
  ])('refuses %s', async (_, code, reason, story) => {
    expect((await planned(story)).refusal).toMatchObject({ code, reason: expect.stringMatching(reason) });
  });

  test('names what the probe asked when the target was healthy, where it asks something else now', async () => {
    const livenessProbe = { ...PUBLISHED, httpGet: { ...PUBLISHED.httpGet, path: '/healthz' } };
    const events = [{ message: 'Liveness probe failed: HTTP probe failed with statuscode: 404' }];
    const plan = await planned({ present: { livenessProbe }, events });
    expect(plan.refusal?.reason).toMatch(
      /:8080\/healthz is answered with status 404: .*; when app was healthy this probe asked GET :8080\/health$/,
    );
  });

  test('refuses to change another container than the one that fails', async () => {
    const finding = { cause: 'liveness-probe-failure', container: 'sidecar' };
    const plan = await planned({ finding }, { ...WRITTEN, container: 'app' });
    expect(plan.refusal).toMatchObject({ code: 'other-container', reason: expect.stringContaining('sidecar') });
  });

  test('asks a person about a probe that cannot be asked from here', async () => {
    const { httpGet: _, ...probe } = PUBLISHED;
    const livenessProbe = { ...probe, exec: { command: ['redis-cli', 'ping'] } };
    const events = [
      { message: 'Liveness probe failed: command timed out: "redis-cli ping" timed out after 5s', count: 4 },
    ];
    const plan = await planned({ healthy: { livenessProbe }, events });
    expect(plan.refusal).toBeUndefined();
    expect(plan.ask).toContain('its command redis-cli failed by time 4 times');
  });

  const START = { probe: 'startup', periodSeconds: 10, failureThreshold: 30 };

  test('gives a slow start a startupProbe that asks what the liveness probe asks', async () => {
    const plan = await planned({ events: [{ message: REFUSED }] }, START);
    expect(plan.refusal).toBeUndefined();
    expect(plan.ask).toBeUndefined();
    expect(changesOf(plan)).toEqual({
      startupProbe: {
        httpGet: PUBLISHED.httpGet,
        periodSeconds: 10,
        timeoutSeconds: 5,
        failureThreshold: 30,
        successThreshold: 1,
      },
    });
    expect(plan.summary).toContain('its start may take 300 s (now 60 s)');
  });

  test('asks before a slow start whose probe was never seen answered', async () => {
    const plan = await planned({ events: [{ message: REFUSED }], baseline: false }, START);
    expect(plan.ask).toContain('was never seen answered: its port may be wrong');
  });

  test.each<[string, string, Partial<TemplateStory>]>([
    ['a container that ends by itself', 'not-killed', { events: [] }],
    ['a program that listens and answers late', 'not-starting', {}],
    [
      'one that answers with a wrong status',
      'not-slow',
      { events: [{ message: 'Startup probe failed: HTTP probe failed with statuscode: 404' }] },
    ],
    [
      'a start that has the time already',
      'patient-already',
      { healthy: { livenessProbe: PUBLISHED, startupProbe: { failureThreshold: 90 } } },
    ],
  ])('refuses more time for a start to %s', async (_, code, story) => {
    expect((await planned(story, START)).refusal?.code).toBe(code);
  });

  test('takes no parameters that change nothing', () => {
    expect(actionNamed('set-probe').params.safeParse({ probe: 'liveness' }).success).toBe(false);
    expect(actionNamed('set-probe').params.safeParse({ timeoutSeconds: 0 }).success).toBe(false);
  });
});
