import { describe, expect, test } from '@jest/globals';
import { belongsToTarget, inOrder } from '../../../src/actions/manifests/allowed.ts';
import { parseManifests } from '../../../src/actions/manifests/parse.ts';
import { toWorkload } from '../../../src/kubernetes/workloads.ts';
import { deployment } from '../../cluster/workloads.ts';

const raw = deployment('kosmos', 'image', 'zeus');
const workload = toWorkload('Deployment', JSON.parse(JSON.stringify(raw)));
const own = JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', ...raw });

function verdictOn(...more: string[]) {
  return belongsToTarget(parseManifests([own, ...more].join('\n---\n'), 'all.yaml', 'kosmos'), workload);
}

describe('what may be applied to a target', () => {
  test('is itself, the Services that select its pods and the autoscaler that scales it', () => {
    const verdict = verdictOn(
      '{ apiVersion: v1, kind: Service, metadata: { name: zeus }, spec: { selector: { app: zeus } } }',
      '{ apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: { name: zeus }, spec: { scaleTargetRef: { kind: Deployment, name: zeus } } }',
    );
    expect(verdict).toEqual({ asks: [] });
  });

  test.each([
    ['other-namespace', '{ apiVersion: v1, kind: ConfigMap, metadata: { name: a, namespace: other } }'],
    ['kind-not-allowed', '{ apiVersion: v1, kind: Secret, metadata: { name: a } }'],
    ['kind-not-allowed', '{ apiVersion: batch/v1, kind: Job, metadata: { name: a } }'],
    ['another-workload', '{ apiVersion: apps/v1, kind: Deployment, metadata: { name: hermes } }'],
    [
      'another-workload',
      '{ apiVersion: v1, kind: Service, metadata: { name: a }, spec: { selector: { app: hermes } } }',
    ],
    [
      'another-workload',
      '{ apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: { name: a }, spec: { scaleTargetRef: { kind: Deployment, name: hermes } } }',
    ],
    ['invalid', own],
  ])('is refused as %s: %s', (code, manifest) => {
    expect(verdictOn(manifest).refusal?.code).toBe(code);
  });

  test('must be about the target itself, and asks about what its template does not name', () => {
    const map = '{ apiVersion: v1, kind: ConfigMap, metadata: { name: shared } }';
    expect(verdictOn(map).asks.join()).toContain('ConfigMap kosmos/shared is not named by the template');
    expect(belongsToTarget(parseManifests(map, 'a.yaml', 'kosmos'), workload).refusal?.code).toBe('no-manifest');
  });

  test('comes in the order in which one needs the other', () => {
    const map = '{ apiVersion: v1, kind: ConfigMap, metadata: { name: a } }';
    const manifests = inOrder(parseManifests([own, map].join('\n---\n'), 'a.yaml', 'kosmos'));
    expect(manifests.map(({ ref }) => ref.kind)).toEqual(['ConfigMap', 'Deployment']);
  });
});
