import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { FAULTS } from '../../dev/workloads/faults/registry.ts';
import { unfinishedDeployment, unfinishedStatefulSet } from '../../dev/workloads/healthy.ts';
import { namespacesWithSuffix, PUBLISHED } from '../../dev/workloads/namespaces.ts';
import { type Part, renderPart } from '../../dev/workloads/render.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const LOGIN = { registry: { user: 'somebody', password: 'secret' } };
const PARTS: Part[] = ['redis', 'mongodb', 'ollama', 'bruno'];

const deploymentSchema = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        imagePullSecrets: z.array(z.object({ name: z.string() })),
        containers: z.tuple([
          z.object({
            image: z.string(),
            imagePullPolicy: z.string(),
            env: z.array(z.object({ name: z.string(), value: z.string() })),
            resources: z.unknown(),
          }),
        ]),
      }),
    }),
  }),
});

function agentBruno(...options: Parameters<typeof renderPart> extends [Part, ...infer Rest] ? Rest : never) {
  const deployment = renderPart('bruno', ...options).find((object) => object.kind === 'Deployment');
  const pod = deploymentSchema.parse(deployment).spec.template.spec;
  const [container] = pod.containers;
  return { pod, container, env: Object.fromEntries(container.env.map(({ name, value }) => [name, value])) };
}

describe('the rendered workloads', () => {
  test('are as published: moving tag pulled with the secret, 256Mi and 1Gi, addresses of the cluster', () => {
    const { pod, container, env } = agentBruno(PUBLISHED, LOGIN);
    expect(container.image).toBe('ghcr.io/brunovlucena/agent-bruno:latest');
    expect(container.imagePullPolicy).toBe('Always');
    expect(pod.imagePullSecrets).toEqual([{ name: 'ghcr-secret' }]);
    expect(container.resources).toEqual({
      requests: { cpu: '100m', memory: '256Mi' },
      limits: { cpu: '1000m', memory: '1Gi' },
    });
    expect(env).toMatchObject({ REDIS_URL: 'redis://redis-master.redis.svc.cluster.local:6379', SESSION_TTL: '86400' });
  });

  test('stand in the namespaces that are asked for and lead to each other there', () => {
    const namespaces = namespacesWithSuffix('x1');
    const all = PARTS.flatMap((part) => renderPart(part, namespaces, LOGIN));
    const used = all.map((object) => (object.kind === 'Namespace' ? object.metadata.name : object.metadata.namespace));
    expect(new Set(used)).toEqual(new Set(['bruno-x1', 'redis-x1', 'mongodb-x1', 'ollama-x1']));
    expect(agentBruno(namespaces, LOGIN).env).toMatchObject({
      REDIS_URL: 'redis://redis-master.redis-x1.svc.cluster.local:6379',
      MONGODB_URL: 'mongodb://mongodb.mongodb-x1.svc.cluster.local:27017',
      OLLAMA_URL: 'http://ollama.ollama-x1.svc.cluster.local:11434',
    });
  });

  test('mark every namespace as one that the development tools may delete', () => {
    for (const part of PARTS) {
      const [namespace] = renderPart(part, PUBLISHED, LOGIN);
      expect(namespace?.metadata.labels).toEqual({ 'kintsugi.dev/development': 'true' });
    }
  });

  test('hold a pull secret for both registry hosts with the login as Docker writes it', () => {
    const secret = renderPart('bruno', PUBLISHED, LOGIN).find((object) => object.kind === 'Secret');
    const { stringData } = z.object({ stringData: z.record(z.string(), z.string()) }).parse(secret);
    const login = { username: 'somebody', password: 'secret', auth: 'c29tZWJvZHk6c2VjcmV0' };
    expect(JSON.parse(stringData['.dockerconfigjson'] ?? '')).toEqual({
      auths: { 'ghcr.io': login, 'docker.io': login },
    });
  });

  test('pull nothing where the images are on the node already', () => {
    const { pod, container } = agentBruno(PUBLISHED, {});
    expect(container.imagePullPolicy).toBe('IfNotPresent');
    expect(pod.imagePullSecrets).toEqual([]);
    expect(renderPart('bruno', PUBLISHED, {}).some((object) => object.kind === 'Secret')).toBe(false);
  });
});

describe("KOSMOS' rendered agents", () => {
  const AGENTS: Part[] = ['zeus-orchestrator', 'kosmos-agent-runtime', 'hermes-agent'];
  const classesOf = (storageClasses: string[]) =>
    AGENTS.flatMap((part) => renderPart(part, PUBLISHED, { storageClasses })).flatMap(
      (object) => JSON.stringify(object).match(/"storageClassName":"[^"]+"|"volumeClaimTemplates"/g) ?? [],
    );

  test('ask for a class with snapshots where the cluster has it, and else for none by name', () => {
    const named = '"storageClassName":"kosmos-csi"';
    expect(classesOf(['folder', 'kosmos-csi'])).toEqual([named, named, '"volumeClaimTemplates"', named]);
    expect(classesOf(['folder'])).toEqual(['"volumeClaimTemplates"']);
  });

  test('stand in the namespace that is asked for, each pod with its metrics and each Service with its probe', () => {
    const objects = AGENTS.flatMap((part) => renderPart(part, namespacesWithSuffix('x1'), LOGIN));
    const used = objects.filter(({ kind }) => kind !== 'Namespace').map(({ metadata }) => metadata.namespace);
    expect(new Set(used)).toEqual(new Set(['kosmos-x1']));
    const services = objects.filter(({ kind }) => kind === 'Service').map(({ metadata }) => metadata.annotations);
    expect(services).toHaveLength(3);
    for (const annotations of services)
      expect(annotations).toEqual({ 'prometheus.io/probe': 'true', 'prometheus.io/probe-path': '/ready' });
    const scraped = objects.filter((object) =>
      JSON.stringify(object.spec ?? {}).includes('"prometheus.io/scrape":"true"'),
    );
    expect(scraped.map(({ metadata }) => metadata.name)).toEqual([...AGENTS]);
  });

  test('ask for the memory of the published ones: 1Gi and 2Gi for Zeus, 2Gi and 4Gi for the runtime, little for Hermes', () => {
    const text = AGENTS.flatMap((part) => renderPart(part, PUBLISHED, {})).map((object) => JSON.stringify(object));
    const memory = text.flatMap((object) => [...object.matchAll(/"memory":"([^"]+)"/g)].map(([, value]) => value));
    expect(memory).toEqual(['1Gi', '2Gi', '2Gi', '4Gi', '128Mi', '256Mi']);
  });
});

describe('a rollout is unfinished', () => {
  const done = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2 };
  test.each([
    ['before the controller has seen it', { ...done, observedGeneration: 1 }, /has not seen/],
    ['while pods of the new revision are missing', { ...done, updatedReplicas: 1 }, /1 of 2 pods are of/],
    ['while old pods are there', { ...done, replicas: 3 }, /1 old pods/],
    ['while a pod is not available', { ...done, availableReplicas: 1 }, /1 of 2 pods are available/],
  ])('%s', (_, status, reason) => {
    const spec = { replicas: 2, selector: {}, template: {} };
    expect(unfinishedDeployment({ metadata: { generation: 2 }, spec, status })).toMatch(reason);
    expect(unfinishedDeployment({ metadata: { generation: 2 }, spec, status: done })).toBeUndefined();
  });

  test('of a StatefulSet while its pods are of two revisions', () => {
    const spec = { replicas: 1, selector: {}, template: {}, serviceName: 'redis-master' };
    const status = { observedGeneration: 1, replicas: 1, readyReplicas: 1, currentRevision: 'a', updateRevision: 'b' };
    expect(unfinishedStatefulSet({ metadata: { generation: 1 }, spec, status })).toMatch(/old revision/);
  });
});

describe('every fault', () => {
  const documentation = readFileSync(join(ROOT, 'dev', 'FAULTS.md'), 'utf8');
  const rulesSchema = z.object({
    groups: z.array(z.object({ name: z.string(), rules: z.array(z.object({ alert: z.string().optional() })) })),
  });
  const alertsOf = (file: string) =>
    rulesSchema
      .parse(parse(readFileSync(join(ROOT, 'deploy', 'prometheus', file), 'utf8')))
      .groups.flatMap((group) => group.rules.flatMap((rule) => rule.alert ?? []));
  const runbookSchema = z.object({ spec: z.object({ alerts: z.object({ trigger: z.array(z.string()) }) }) });
  const triggersOf = (runbook: string) =>
    runbookSchema.parse(parse(readFileSync(join(ROOT, 'runbooks', runbook), 'utf8'))).spec.alerts.trigger;
  const alerts = { 'agent-bruno': alertsOf('kintsugi-rules.yaml'), kosmos: alertsOf('kosmos-rules.yaml') };
  const triggers = {
    'agent-bruno': triggersOf('agent-bruno-pod-crash-loop.yaml'),
    kosmos: triggersOf('kosmos-agent-recovery.yaml'),
  };

  test.each([...FAULTS.values()])('$name is told in FAULTS.md and names alerts of the rule file', (fault) => {
    const section = documentation.split(/^## /m).find((text) => text.startsWith(`${fault.name}\n`)) ?? '';
    expect(section).toContain('**What a person did.**');
    expect(section).toContain('**What is seen.**');
    expect(section).toContain('**What Kintsugi should do.**');
    const { workload } = fault.target;
    expect(alerts[workload]).toEqual(expect.arrayContaining([...fault.alerts]));
    // The first one starts the recovery.
    const [first] = fault.alerts;
    if (first !== undefined) expect(triggers[workload]).toContain(first);
  });

  test('but one is told by an alert: of state that is gone nothing tells', () => {
    const untold = [...FAULTS.values()].filter((fault) => fault.alerts.length === 0).map(({ name }) => name);
    expect(untold).toEqual(['kosmos-state-lost']);
  });
});
