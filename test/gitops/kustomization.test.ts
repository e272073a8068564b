import { describe, expect, test } from '@jest/globals';
import { buildObject } from '../../src/gitops/kustomization.ts';
import { atPointer } from '../../src/kubernetes/template.ts';

const ref = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'bruno', name: 'app' };
const LIMIT = '/spec/template/spec/containers/0/resources/limits/memory';

const deployment = (limit: string, namespace = '') => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: app${namespace === '' ? '' : `, namespace: ${namespace}`}}
spec: {template: {spec: {containers: [{name: app, resources: {limits: {memory: ${limit}}}}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: app}
`;

const patch = (limit: string) => `
resources: [../base]
patches:
  - target: {kind: Deployment, name: app}
    patch: |-
      - {op: replace, path: ${LIMIT}, value: ${limit}}
`;

function limitOf(files: Record<string, string>, folder = './apps'): unknown {
  const built = buildObject(new Map(Object.entries(files)), folder, ref);
  return 'document' in built ? atPointer(built.document, LIMIT) : built.unknown;
}

describe('what Git says of an object', () => {
  test('is read from plain manifests, the namespace written or not', () => {
    expect(limitOf({ 'apps/app.yaml': deployment('1Gi') })).toBe('1Gi');
    expect(limitOf({ 'apps/deep/app.yml': deployment('1Gi', 'bruno') })).toBe('1Gi');
    expect(limitOf({ 'app.yaml': deployment('1Gi') }, '')).toBe('1Gi');
  });

  test('is read through a kustomization, its bases, and the JSON patch that a mitigation proposes', () => {
    const base = { 'base/kustomization.yaml': 'resources: [app.yaml]', 'base/app.yaml': deployment('1Gi') };
    expect(limitOf({ ...base, 'apps/kustomization.yaml': 'namespace: bruno\nresources: [../base]' })).toBe('1Gi');
    expect(limitOf({ ...base, 'apps/kustomization.yaml': patch('2Gi') })).toBe('2Gi');
    const other = patch('2Gi').replace('name: app', 'name: other');
    expect(limitOf({ ...base, 'apps/kustomization.yaml': other })).toBe('1Gi');
  });

  test.each([
    ['a transformer', 'resources: [app.yaml]\nreplicas: [{name: app, count: 2}]', 'uses replicas'],
    [
      'a merge',
      'resources: [app.yaml]\npatches: [{target: {kind: Deployment}, patch: "spec: {replicas: 2}"}]',
      'merges',
    ],
    ['a remote base', 'resources: ["https://example.com/base"]', 'is not in it'],
    ['a selector', 'resources: [app.yaml]\npatches: [{target: {labelSelector: a=b}, patch: "[]"}]', 'selector'],
  ])('is not known through %s that is not followed', (_, kustomization, reason) => {
    const files = { 'apps/kustomization.yaml': kustomization, 'apps/app.yaml': deployment('1Gi') };
    expect(limitOf(files)).toEqual(expect.stringContaining(reason));
  });

  test('is not known where the object is there twice, or not at all', () => {
    expect(limitOf({ 'apps/a.yaml': deployment('1Gi'), 'apps/b.yaml': deployment('2Gi') })).toContain('2 manifests');
    expect(limitOf({ 'apps/app.yaml': deployment('1Gi', 'other') })).toContain('0 manifests');
  });
});
