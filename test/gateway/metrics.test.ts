import { expect, test } from '@jest/globals';
import { metricsTable } from '../../dev/generate/metrics.ts';
import { createMetrics, gatewayMetrics } from '../../src/gateway/metrics.ts';

test("every number of the gateway's own that Prometheus is told of stands in its reference, with type and labels", async () => {
  const metrics = createMetrics();
  metrics.countPost(200);
  metrics.countAlert('started');
  const { text } = await metrics.render([
    { alertname: 'AgentBrunoPodCrashLooping', namespace: 'bruno', covered: true },
  ]);
  const served = [...text.matchAll(/^# TYPE (kintsugi_\w+) (\w+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  const defined = Object.values(gatewayMetrics);
  expect(served.sort()).toEqual(defined.map(({ name, type }) => `${name} ${type}`).sort());
  for (const { name, labels } of defined) {
    const [series = ''] = text.match(new RegExp(`^${name}[{ ].*$`, 'm')) ?? [];
    expect([...series.matchAll(/(\w+)="/g)].map(([, label]) => label)).toEqual([...labels]);
  }
});

test('the reference of a number says its name, type, labels, meaning and when it moves', () => {
  const [, , row] = metricsTable([
    { name: 'kintsugi_x_total', type: 'counter', help: 'What it is', labels: ['status'], moves: 'By one' },
  ]).split('\n');
  expect(row).toBe('| `kintsugi_x_total` | counter | `status` | What it is | By one |');
});
