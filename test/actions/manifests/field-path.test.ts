import { describe, expect, test } from '@jest/globals';
import { meansTheSame } from '../../../src/actions/manifests/field-path.ts';

const agent = (cpu: string, image: string) => ({
  spec: {
    containers: [
      { name: 'other' },
      { name: 'zeus', image, resources: { limits: { cpu } }, ports: [{ port: 80, protocol: 'TCP', name: image }] },
    ],
  },
});

describe('a field that two managers set', () => {
  const before = agent('1', 'a');
  const after = agent('1000m', 'b');

  test.each([
    ['.spec.containers[name="zeus"].resources.limits.cpu', true],
    ['.spec.containers[name="zeus"].image', false],
    ['.spec.containers[name="zeus"].ports[port=80,protocol="TCP"].name', false],
    ['.spec.containers[name="zeus"].ports[port=80,protocol="TCP"].port', true],
    ['.spec.containers[name="gone"].image', false],
    ['.metadata.annotations.prometheus.io/scrape', false],
    ['no path', false],
  ])('%s means the same: %s', (field, same) => {
    expect(meansTheSame(before, after, field)).toBe(same);
  });
});
