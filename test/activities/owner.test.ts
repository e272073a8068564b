import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseDocument } from 'yaml';
import { createForwarding } from '../../src/activities/owner.ts';
import { type FakeApi, startFakeApi } from '../kubernetes/fake-api.ts';
import { inActivity } from './in-activity.ts';

/** Whose pod it was, where the pod is gone, for a runbook that is for any workload of a namespace. */

const APPS = '/apis/apps/v1/namespaces/shop';
let api: FakeApi;
let runbooks: string;

beforeAll(async () => {
  api = await startFakeApi();
  runbooks = await mkdtemp(join(tmpdir(), 'kintsugi-runbooks-'));
  const good = parseDocument(await readFile(join(import.meta.dirname, '../runbook/good.yaml'), 'utf8'));
  good.setIn(['metadata', 'name'], 'any');
  good.setIn(['spec', 'target'], { namespace: 'shop', kinds: ['Deployment', 'StatefulSet'], container: 'web' });
  await writeFile(join(runbooks, 'any.yaml'), good.toString());
});
afterAll(async () => {
  await api?.close();
  await rm(runbooks, { recursive: true });
});

const ownerOf = (pod: string) => {
  const settings = { cluster: 'test', runbooks, notifiers: [] };
  const { findOwner } = createForwarding({ kubernetes: api.kubernetes, temporal: undefined as never, settings });
  return inActivity(() => findOwner({ namespace: 'shop', pod, runbook: 'any' }));
};

/** A workload as the API server has it; `ready` of its one pod. */
function workload(kind: 'Deployment' | 'StatefulSet', name: string, ready: boolean): void {
  const metadata = { name, namespace: 'shop', uid: `uid-${name}`, generation: 1, resourceVersion: '1' };
  const selector = { matchLabels: { app: name } };
  const template = { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } };
  const spec = { replicas: 1, selector, template };
  const object = { metadata, spec, status: { observedGeneration: 1 } };
  const plural = `${kind.toLowerCase()}s`;
  api.answers[`GET ${APPS}/${plural}/${name}`] = object;
  api.answers[`GET ${APPS}/${plural}`] = { items: [object] };
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  const owners = [
    { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-6d5f`, uid: `uid-${name}-6d5f`, controller: true },
  ];
  api.answers[`GET ${APPS}/replicasets`] = {
    items: [
      {
        metadata: {
          name: `${name}-6d5f`,
          namespace: 'shop',
          uid: `uid-${name}-6d5f`,
          creationTimestamp: '2026-01-31T03:00:00Z',
          annotations: { 'deployment.kubernetes.io/revision': '1' },
          ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: `uid-${name}`, controller: true }],
        },
        spec: { template },
      },
    ],
  };
  api.answers['GET /api/v1/namespaces/shop/pods'] = {
    items: [
      {
        metadata: { name: `${name}-6d5f-abcde`, namespace: 'shop', uid: 'uid-pod', ownerReferences: owners },
        status: { phase: 'Running', conditions },
      },
    ],
  };
}

describe('a pod that is gone', () => {
  test('leads to its Deployment by its name, though its ReplicaSet is gone too', async () => {
    workload('Deployment', 'web-agent', true);
    expect(await ownerOf('web-agent-7d9f8b6c5d-zxcvb')).toEqual({
      found: 'workload',
      target: { namespace: 'shop', kind: 'Deployment', name: 'web-agent' },
    });
  });

  test('of a workload that is gone is no reason to page for another that is unwell', async () => {
    workload('Deployment', 'web-agent', false);
    api.answers[`GET ${APPS}/statefulsets`] = { items: [] };
    expect(await ownerOf('other-agent-7d9f8b6c5d-zxcvb')).toMatchObject({ found: 'gone', healthy: true });
  });

  test('that may have been of a workload that is unwell says so', async () => {
    workload('Deployment', 'web-agent', false);
    api.answers[`GET ${APPS}/statefulsets`] = { items: [] };
    expect(await ownerOf('web-agent-somehow')).toMatchObject({ found: 'gone', healthy: false });
  });
});
