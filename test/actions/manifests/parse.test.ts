import { describe, expect, test } from '@jest/globals';
import { bodyOf, parseManifests, replicasOf, withoutReplicas } from '../../../src/actions/manifests/parse.ts';

const AGENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: zeus
  uid: 1b4e
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: "{}"
    kintsugi.dev/recovery: recovery/a#1
    team: kosmos
spec: { replicas: 3, paused: false }
status: { replicas: 3 }
`;

describe('reading manifests', () => {
  test('takes every document and every item of a list, each with its file and line', () => {
    const text = `# first\n---\n${AGENT}---\n---\nkind: List\nitems:\n- { apiVersion: v1, kind: Service, metadata: { name: zeus, namespace: kosmos } }\n`;
    const read = parseManifests(text, 'k8s/agents/zeus/all.yaml', 'kosmos');
    expect(read.map(({ ref, where }) => `${ref.kind} ${ref.namespace}/${ref.name} ${where}`)).toEqual([
      'Deployment kosmos/zeus k8s/agents/zeus/all.yaml:3',
      'Service kosmos/zeus k8s/agents/zeus/all.yaml:16',
    ]);
  });

  test("leaves out what is an object's own, and what others note on it", () => {
    const [manifest] = parseManifests(AGENT, 'a.yaml', 'kosmos');
    expect(manifest === undefined ? null : bodyOf(manifest)).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'zeus', namespace: 'kosmos', annotations: { team: 'kosmos' } },
      spec: { replicas: 3, paused: false },
    });
  });

  test('can leave out how many pods are wanted', () => {
    const [manifest] = parseManifests(AGENT, 'a.yaml', 'kosmos');
    if (manifest === undefined) throw new Error('there is one');
    expect(replicasOf(manifest)).toBe(3);
    expect(replicasOf(withoutReplicas(manifest))).toBeUndefined();
  });

  test.each([
    ['no YAML', `${AGENT}  key: [1, 2\n`, 'a.yaml:12'],
    ['no object', `${AGENT}---\nname: zeus\n`, 'a.yaml:13'],
    ['an object without a name', 'apiVersion: v1\nkind: Service\nmetadata: {}\n', 'a.yaml:1'],
  ])('says where there is %s', (_, text, where) => {
    expect(() => parseManifests(text, 'a.yaml', 'kosmos')).toThrow(expect.objectContaining({ code: 'invalid', where }));
  });
});
