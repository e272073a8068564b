import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { fillChecklist } from '../../src/diagnosis/checklist.ts';
import { classify } from '../../src/diagnosis/classify.ts';
import { takeSteps } from '../../src/diagnosis/escalation-steps.ts';
import type { ContainerTemplate } from '../../src/diagnosis/evidence/workload.ts';
import type { Evidence } from '../../src/diagnosis/evidence.ts';
import { runbookSchema } from '../../src/runbook/schema.ts';
import { dependency, ended, evidence, MODULE_MISSING, pod } from './evidence.ts';
import { workload as workloadWith } from './workload.ts';

const path = new URL('../../runbooks/agent-bruno-pod-crash-loop.yaml', import.meta.url);
const { spec } = runbookSchema.parse(parse(readFileSync(path, 'utf8')));

const answer = (seen: Evidence, id: string) => fillChecklist(seen, classify(seen), spec).find((item) => item.id === id);
const step = (seen: Evidence, id: string) =>
  takeSteps(seen, classify(seen), spec).find((item) => item.id === id)?.found;

/** Agent Bruno as its runbook wants it, as far as a test says otherwise. */
const workload = (parts: Partial<ContainerTemplate>): Partial<Evidence> => ({
  workload: workloadWith({
    env: spec.variables.map(({ name }) => ({ name, from: 'ConfigMap/settings:x' })),
    probes: {
      liveness: { httpGet: { path: '/health', port: 8080 } },
      readiness: { httpGet: { path: '/ready', port: 8080 } },
    },
    ...parts,
  }),
});

describe('the checklist', () => {
  const CASES: [sentence: string, id: string, seen: Evidence, state: string, saw: string][] = [
    [
      'a crash’s words in the log are found',
      'previous-logs',
      evidence({ pods: [pod(ended(1, MODULE_MISSING))] }),
      'found',
      'fastapi',
    ],
    [
      'without any log it is not possible',
      'previous-logs',
      evidence({ pods: [pod(ended(1))] }),
      'not-possible',
      'no container has written a log',
    ],
    ['all variables are set', 'environment', evidence(workload({})), 'done', 'are set'],
    [
      'a variable that is not set is found',
      'environment',
      evidence(workload({ env: [] })),
      'found',
      'REDIS_URL is not set',
    ],
    [
      'a value that does not match is found',
      'environment',
      evidence(workload({ env: [{ name: 'REDIS_URL', value: 'redis:6379' }] })),
      'found',
      'REDIS_URL does not match',
    ],
    [
      'a value that redaction cut is not compared',
      'environment',
      evidence(workload({ env: [...spec.variables.map(({ name }) => ({ name, value: '[cut:01234567]' }))] })),
      'done',
      'are set',
    ],
    ['a dependency that is ready', 'redis', evidence({ dependencies: [dependency()] }), 'done', '1 of 1 pods ready'],
    [
      'a dependency that is down',
      'redis',
      evidence({ dependencies: [dependency({ podsReady: 0 })] }),
      'found',
      '0 of 1 pods ready',
    ],
    [
      'a dependency that could not be read',
      'redis',
      evidence({ dependencies: [dependency({ known: false })], missing: ['dependency redis: forbidden'] }),
      'not-possible',
      'forbidden',
    ],
    [
      'a memory limit that was reached',
      'resources',
      evidence({ ...workload({}), pods: [pod(ended(137, '', 'OOMKilled'))] }),
      'found',
      'memory 1Gi',
    ],
    ['limits that are set', 'resources', evidence(workload({})), 'done', 'limits memory 1Gi'],
    [
      'a container that is often throttled',
      'resources',
      evidence({ ...workload({}), pods: [pod({ throttling: { periods: 200, throttled: 90 } })] }),
      'found',
      'CPU throttled in 90 of 200 periods (45 %)',
    ],
    [
      'a container that is seldom throttled',
      'resources',
      evidence({ ...workload({}), pods: [pod({ throttling: { periods: 200, throttled: 2 } })] }),
      'done',
      'CPU throttled in 2 of 200 periods (1 %)',
    ],
    [
      'an image that its registry has',
      'image',
      evidence({
        ...workload({ imageCommand: { entrypoint: [], cmd: ['uvicorn'] } }),
        pods: [pod({ digest: 'sha256:0123456789abcdef' })],
      }),
      'done',
      'its registry has it',
    ],
    [
      'a variable that comes from a Secret and is wrong there',
      'environment',
      evidence({
        ...workload({}),
        variables: [
          { name: 'REDIS_URL', container: 'agent-bruno', source: 'Secret/app:URL', state: 'wrong', pattern: '^redis' },
        ],
      }),
      'found',
      'REDIS_URL does not match ^redis (from Secret/app:URL)',
    ],
    [
      'a dependency that refuses the login',
      'redis',
      evidence({
        dependencies: [
          dependency({ answers: [{ from: 'pod redis-0, by port-forward', state: 'denied', saw: 'WRONGPASS' }] }),
        ],
      }),
      'found',
      'pod redis-0, by port-forward: WRONGPASS',
    ],
    [
      'an image that cannot be pulled',
      'image',
      evidence({ pods: [pod({ restarts: 0, state: { kind: 'waiting', reason: 'ErrImagePull' } })] }),
      'found',
      'cannot be pulled',
    ],
    ['an image that was never started', 'image', evidence(), 'not-possible', 'no container has an image yet'],
    ['probes that are configured', 'probes', evidence(workload({})), 'done', 'liveness GET /health:8080'],
    ['a probe that is not there', 'probes', evidence(workload({ probes: {} })), 'found', 'no liveness probe'],
    ['nothing to compare with', 'recent-changes', evidence(), 'not-possible', 'neither a healthy baseline'],
    [
      'nothing changed',
      'recent-changes',
      evidence({ difference: { against: 'revision 1', kind: 'previous-revision', changes: [] } }),
      'done',
      'nothing differs',
    ],
    [
      'events that could not be read',
      'cluster-events',
      evidence({ missing: ['events: forbidden'] }),
      'not-possible',
      'forbidden',
    ],
    [
      'warnings',
      'cluster-events',
      evidence({ events: [{ type: 'Warning', reason: 'BackOff', message: 'Back-off', count: 12 }] }),
      'found',
      'BackOff x12',
    ],
    ['no warning', 'cluster-events', evidence(), 'done', 'no warning'],
  ];
  test.each(CASES)('%s (%s)', (_sentence, id, seen, state, saw) => {
    expect(answer(seen, id)).toMatchObject({ id, state });
    expect(answer(seen, id)?.saw).toContain(saw);
  });

  test('has every point of the written runbook, and none of them is unknown to the machine', () => {
    const items = fillChecklist(evidence(), [], spec);
    expect(items.map(({ id }) => id)).toEqual(spec.checklist.map(({ id }) => id));
    expect(items.filter(({ saw }) => saw.includes('no source that Kintsugi reads'))).toEqual([]);
  });
});

describe('the escalation steps', () => {
  const revision = (number: string, parts: object) => ({
    revision: number,
    name: `r${number}`,
    createdAt: '2026-01-01T00:00:00Z',
    images: [`i:${number}`],
    replicas: 1,
    ready: 0,
    current: false,
    healthyBaseline: false,
    ...parts,
  });

  test('a rollback is offered to the revision that was seen healthy', () => {
    const seen = evidence({
      revisions: [
        revision('3', { current: true }),
        revision('2', { seenHealthyAt: '2026-01-01T00:00:00Z' }),
        revision('1', { healthyBaseline: true, seenHealthyAt: '2026-01-02T00:00:00Z' }),
        revision('0', {}),
      ],
    });
    expect(step(seen, 'rollback')).toBe(
      'Revision 1 (i:1) was seen healthy: kintsugi rollback bruno/deployment/agent-bruno --to-revision 1 --actor YOU. ' +
        'It would change image: i:3 -> i:1; the plan shows each field before it is done. History: 3 (now) never seen healthy; 2 seen healthy 2026-01-01T00:00:00Z; ' +
        '1 seen healthy 2026-01-02T00:00:00Z; 0 never seen healthy.',
    );
  });

  test('where orders are refused, in observe, the rollback by hand is told instead', () => {
    const seen = evidence({ revisions: [revision('2', { current: true }), revision('1', { healthyBaseline: true })] });
    const { found, foundInObserve } = takeSteps(seen, [], spec).find(({ id }) => id === 'rollback') ?? {};
    expect(found).toContain('kintsugi rollback');
    expect(foundInObserve).toContain(
      'Kintsugi writes nothing here (mode observe), so by hand: kubectl -n bruno rollout undo deployment/agent-bruno --to-revision=1.',
    );
    expect(foundInObserve).not.toContain('kintsugi rollback');
  });

  test('a rollback is not offered from the healthy revision, nor without another one', () => {
    expect(
      step(
        evidence({ revisions: [revision('3', { current: true, healthyBaseline: true }), revision('2', {})] }),
        'rollback',
      ),
    ).toContain('nothing for the better');
    expect(step(evidence({ revisions: [revision('1', { current: true })] }), 'rollback')).toContain('Not possible');
  });

  test('a rollback says what it would change, and that an unknown revision waits for approval', () => {
    const seen = evidence({
      revisions: [revision('3', { current: true }), revision('2', { images: ['i:3'] })],
      difference: {
        against: 'revision 2',
        kind: 'previous-revision',
        changes: [
          { container: 'app', what: 'env PORT', before: '8080', after: '80' },
          { what: 'Secret/app', before: 'hash a', after: 'hash b' },
        ],
      },
    });
    expect(step(seen, 'rollback')).toContain(
      'kintsugi rollback bruno/deployment/agent-bruno --to-revision 2 --actor YOU (it then waits for kintsugi approve). ' +
        'It would change env PORT of app: 80 -> 8080. History:',
    );
  });

  test('what was changed in the last hours stands first: revisions by digest, configuration, and what Flux brought', () => {
    const at = (time: string) => `2025-12-31T${time}:00Z`;
    const seen = evidence({
      revisions: [
        revision('3', { current: true, createdAt: at('22:00'), digests: [`sha256:${'a'.repeat(64)}`] }),
        revision('2', { createdAt: '2025-12-30T00:00:00Z' }),
      ],
      references: [
        {
          kind: 'ConfigMap',
          name: 'app',
          found: true,
          optional: false,
          keys: [],
          missingKeys: [],
          changed: { manager: 'kubectl-edit', at: at('23:30') },
        },
      ],
      delivery: [
        { owner: 'Kustomization flux-system/apps', revision: 'main@sha1:0f3a', at: at('21:58'), state: 'ready' },
      ],
    });
    expect(step(seen, 'recent-changes')).toMatch(
      /^Last 12 h: 12-31 23:30 ConfigMap app, by kubectl-edit; 12-31 22:00 revision 3: i:3@sha256:a{12}; 12-31 21:58 Kustomization flux-system\/apps: main@sha1:0f3a\. /,
    );
    expect(step(evidence(), 'recent-changes')).toMatch(/^Last 12 h: no change of it/);
  });

  test('the application’s change names the commits that its images were built from, and where they are compared', () => {
    const build = (commit: string) => ({
      image: `i:${commit}`,
      digest: `sha256:${commit.repeat(16)}`,
      commit: commit.repeat(10),
    });
    const seen = evidence({
      builds: [{ now: build('beef'), before: build('cafe'), source: 'https://github.com/shop/app' }],
    });
    expect(step(seen, 'application-changes')).toContain(
      'Now i:beef@sha256:beefbeefbeef (commit beefbeefbeef); before i:cafe@sha256:cafecafecafe (commit cafecafecafe). ' +
        `Compare: https://github.com/shop/app/compare/${'cafe'.repeat(10)}...${'beef'.repeat(10)}`,
    );
  });

  test('trouble that is wider than the target is a cluster-wide issue', () => {
    const cluster = {
      nodes: { count: 3, unwell: ['n2'], more: 0 },
      system: { count: 9, unwell: [], more: 0 },
      others: { count: 2, unwell: ['shop/Deployment/cart 0 of 2 ready'], more: 1 },
    };
    const found = step(evidence({ cluster }), 'cluster-issues');
    expect(found).toContain('1 of 3 nodes of the cluster are not well: n2; all 9 pods of kube-system are well');
    expect(found).toContain('other workloads that lack pods: shop/Deployment/cart 0 of 2 ready and 1 more');
    expect(step(evidence(), 'cluster-issues')).toContain('pods of kube-system: could not be read');
  });

  test('a node that is not ready is a cluster-wide issue', () => {
    const seen = evidence({
      nodes: [{ name: 'n1', ready: false, unschedulable: true, pressure: ['DiskPressure'], reason: 'KubeletNotReady' }],
    });
    expect(step(seen, 'cluster-issues')).toContain('node n1 is not ready (KubeletNotReady) DiskPressure is cordoned');
  });

  test('a source that is absent is said', () => {
    expect(step(evidence({ missing: ['node n1: forbidden'] }), 'cluster-issues')).toContain(
      'Not possible: node n1: forbidden',
    );
    expect(step(evidence(), 'recent-changes')).toContain('Not possible to compare');
  });

  test('each written step is answered', () => {
    const ids = spec.escalation.steps.map((entry) => (typeof entry === 'string' ? entry : entry.id));
    const taken = takeSteps(evidence(), [], spec);
    expect(taken.map(({ id }) => id)).toEqual(ids);
    for (const { found } of taken) expect(found.length).toBeGreaterThan(10);
  });
});
