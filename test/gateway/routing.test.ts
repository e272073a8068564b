import { describe, expect, test } from '@jest/globals';
import { routePost } from '../../src/gateway/routing.ts';
import type { StoredRunbook } from '../../src/runbook/load.ts';
import { MOST_MESSAGE_BYTES } from '../../src/temporal/messages.ts';
import { storedRunbook } from './runbooks.ts';

const now = '2026-01-31T03:00:00.000Z';
const bruno = storedRunbook();
const anyWorkload = storedRunbook('any-crash-loop', {
  alerts: { trigger: ['PodCrashLooping'], related: ['PodRestarts'] },
  target: { namespace: 'shop', kinds: ['Deployment', 'StatefulSet'], selector: 'tier=web' },
});

function alert(name: string, labels: Record<string, string> = {}, more: object = {}) {
  return {
    status: 'firing',
    labels: { alertname: name, ...labels },
    startsAt: '2026-01-31T02:59:00Z',
    fingerprint: `f-${name}-${Object.values(labels).join('-')}`.slice(0, 64),
    generatorURL: 'http://prometheus:9090/graph?g0.expr=x',
    ...more,
  };
}

function route(alerts: unknown[], runbooks: StoredRunbook[] = [bruno, anyWorkload]) {
  return routePost({ alerts, groupKey: '{}:{alertname="x"}' }, runbooks, { cluster: 'homelab', now });
}

const crash = (labels: Record<string, string> = {}, more: object = {}) =>
  alert('AgentBrunoPodCrashLooping', labels, more);

describe('one alert', () => {
  const cases: {
    name: string;
    alert: unknown;
    goes:
      | { to: string; role: 'trigger' | 'related'; mayStart: boolean }
      | { status: 'unmatched' | 'refused'; reason: RegExp };
  }[] = [
    {
      name: 'a trigger of a runbook with one workload starts its recovery, whatever pod it names',
      alert: crash({ namespace: 'bruno', pod: 'agent-bruno-6d5f-x' }),
      goes: { to: 'bruno/Deployment/agent-bruno', role: 'trigger', mayStart: true },
    },
    {
      name: 'a trigger without a namespace is about the runbook’s own workload',
      alert: crash(),
      goes: { to: 'bruno/Deployment/agent-bruno', role: 'trigger', mayStart: true },
    },
    {
      name: 'the exported namespace outranks the exporter’s own',
      alert: crash({
        namespace: 'monitoring',
        exported_namespace: 'bruno',
        pod: 'kube-state-metrics-0',
        exported_pod: 'x',
      }),
      goes: { to: 'bruno/Deployment/agent-bruno', role: 'trigger', mayStart: true },
    },
    {
      name: 'an alert about another namespace than the runbook is refused',
      alert: crash({ namespace: 'staging' }),
      goes: { status: 'refused', reason: /about namespace staging, the runbook about bruno/ },
    },
    {
      name: 'a resolved trigger starts nothing',
      alert: crash({ namespace: 'bruno' }, { status: 'resolved' }),
      goes: { to: 'bruno/Deployment/agent-bruno', role: 'trigger', mayStart: false },
    },
    {
      name: 'a related alert starts nothing',
      alert: alert('AgentBrunoOOMKilled', { namespace: 'bruno' }),
      goes: { to: 'bruno/Deployment/agent-bruno', role: 'related', mayStart: false },
    },
    {
      name: 'a related alert may be about the namespace of a dependency',
      alert: alert('AgentBrunoRedisConnectionFailure', { namespace: 'redis' }),
      goes: { to: 'bruno/Deployment/agent-bruno', role: 'related', mayStart: false },
    },
    {
      name: 'where no workload is named the alert’s pod is, for the worker to find its owner',
      alert: alert('PodCrashLooping', { namespace: 'shop', pod: 'web-6d5f-x' }),
      goes: { to: 'shop/Pod/web-6d5f-x', role: 'trigger', mayStart: true },
    },
    {
      name: 'the exported pod outranks the exporter’s own',
      alert: alert('PodCrashLooping', {
        namespace: 'monitoring',
        pod: 'kube-state-metrics-0',
        exported_namespace: 'shop',
        exported_pod: 'web-1',
      }),
      goes: { to: 'shop/Pod/web-1', role: 'trigger', mayStart: true },
    },
    {
      name: 'without a pod the workload that the alert names is the target, without a detour',
      alert: alert('PodCrashLooping', { namespace: 'shop', statefulset: 'store' }),
      goes: { to: 'shop/StatefulSet/store', role: 'trigger', mayStart: true },
    },
    {
      name: 'a workload in the exporter’s alert is the target, and the pod beside it the exporter’s own',
      alert: alert('PodCrashLooping', {
        namespace: 'monitoring',
        pod: 'kube-state-metrics-0',
        exported_namespace: 'shop',
        deployment: 'web',
      }),
      goes: { to: 'shop/Deployment/web', role: 'trigger', mayStart: true },
    },
    {
      name: 'the exported workload outranks the exporter’s own',
      alert: alert('PodCrashLooping', {
        namespace: 'monitoring',
        deployment: 'kube-state-metrics',
        exported_namespace: 'shop',
        exported_deployment: 'web',
      }),
      goes: { to: 'shop/Deployment/web', role: 'trigger', mayStart: true },
    },
    {
      name: 'a pod that the alert names leads to its owner, whatever workload it names besides',
      alert: alert('PodCrashLooping', { namespace: 'shop', pod: 'web-6d5f-x', deployment: 'web' }),
      goes: { to: 'shop/Pod/web-6d5f-x', role: 'trigger', mayStart: true },
    },
    {
      name: 'a workload of a kind that the runbook is not for is refused',
      alert: alert('PodCrashLooping', { namespace: 'shop', daemonset: 'agent' }),
      goes: { status: 'refused', reason: /about a DaemonSet, the runbook about Deployment, StatefulSet/ },
    },
    {
      name: 'a workload’s name cannot lead to another id',
      alert: alert('PodCrashLooping', { namespace: 'shop', deployment: '../../bruno/deployment/agent-bruno' }),
      goes: { status: 'refused', reason: /no name that a workload can have/ },
    },
    {
      name: 'without a workload, a namespace is needed',
      alert: alert('PodCrashLooping', { pod: 'web-1' }),
      goes: { status: 'refused', reason: /no label "namespace"/ },
    },
    {
      name: 'where no workload is named by anybody, a pod is needed',
      alert: alert('PodCrashLooping', { namespace: 'shop' }),
      goes: { status: 'refused', reason: /no label "pod"/ },
    },
    {
      name: 'a pod’s name cannot lead to another id',
      alert: alert('PodCrashLooping', { namespace: 'shop', pod: '../../bruno/deployment/agent-bruno' }),
      goes: { status: 'refused', reason: /no name that a pod can have/ },
    },
    {
      name: 'an alert that no runbook names is unmatched',
      alert: alert('Watchdog'),
      goes: { status: 'unmatched', reason: /no runbook names the alert Watchdog/ },
    },
    {
      name: 'an alert without a name is refused',
      alert: { status: 'firing', labels: { pod: 'x' } },
      goes: { status: 'refused', reason: /no label "alertname"/ },
    },
    { name: 'what is no alert is refused', alert: 'fire!', goes: { status: 'refused', reason: /no status/ } },
  ];
  for (const { name, alert: raw, goes } of cases) {
    test(name, () => {
      const { answered, deliveries } = route([raw]);
      if ('status' in goes) {
        expect(deliveries).toEqual([]);
        expect(answered).toEqual([
          expect.objectContaining({ index: 0, status: goes.status, reason: expect.stringMatching(goes.reason) }),
        ]);
        return;
      }
      expect(answered).toEqual([]);
      expect(
        deliveries.map(({ delivery: { target, mayStart, signal } }) => ({
          to: `${target.namespace}/${target.kind}/${target.name}`,
          role: signal.alerts[0]?.role,
          mayStart,
        })),
      ).toEqual([goes]);
    });
  }
});

test('the message carries what the recovery needs before it has read its runbook', () => {
  const { deliveries } = route([crash({ namespace: 'bruno', severity: 'critical' })]);
  expect(deliveries.map(({ delivery }) => delivery)).toEqual([
    {
      cluster: 'homelab',
      target: { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' },
      mayStart: true,
      signal: {
        v: 1,
        runbook: 'agent-bruno-pod-crash-loop',
        digest: 'digest-of-agent-bruno-pod-crash-loop',
        after: '15m',
        alerts: [
          {
            fingerprint: 'f-AgentBrunoPodCrashLooping-bruno-critical',
            name: 'AgentBrunoPodCrashLooping',
            status: 'firing',
            startsAt: '2026-01-31T02:59:00Z',
            role: 'trigger',
            labels: { alertname: 'AgentBrunoPodCrashLooping', namespace: 'bruno', severity: 'critical' },
            generatorURL: 'http://prometheus:9090/graph?g0.expr=x',
            groupKey: '{}:{alertname="x"}',
          },
        ],
      },
    },
  ]);
});

test('alerts of one target go in one message, those of another in their own', () => {
  const { deliveries } = route([
    alert('AgentBrunoOOMKilled', { namespace: 'bruno' }),
    crash({ pod: 'a' }),
    alert('PodCrashLooping', { namespace: 'shop', pod: 'web-1' }),
    crash({ pod: 'b' }),
  ]);
  expect(
    deliveries.map(({ alerts, delivery }) => ({
      indices: alerts.map(({ index }) => index),
      mayStart: delivery.mayStart,
    })),
  ).toEqual([
    { indices: [1, 3, 0], mayStart: true },
    { indices: [2], mayStart: true },
  ]);
});

test('an alert that is related to two runbooks reaches both, and one that two claim as trigger starts the closer one', () => {
  const closer = storedRunbook('closer', {
    alerts: {
      trigger: [{ name: 'AgentBrunoPodCrashLooping', matchers: { tier: 'gold' } }],
      related: ['AgentBrunoOOMKilled'],
    },
    target: { namespace: 'bruno', kinds: ['Deployment'], name: 'golden' },
  });
  const names = (alerts: unknown[]) =>
    route(alerts, [bruno, closer]).deliveries.map(({ delivery }) => delivery.signal.runbook);
  expect(names([alert('AgentBrunoOOMKilled')])).toEqual(['agent-bruno-pod-crash-loop', 'closer']);
  expect(names([crash({ tier: 'gold' })])).toEqual(['closer']);
  expect(names([crash({ tier: 'silver' })])).toEqual(['agent-bruno-pod-crash-loop']);
});

test('a missing or unreadable time counts as the arrival, a missing fingerprint is made from the labels', () => {
  const { deliveries } = route([crash({}, { startsAt: 'soon', fingerprint: undefined })]);
  const [again] = route([crash({}, { startsAt: undefined, fingerprint: '' })]).deliveries;
  const message = deliveries[0]?.alerts[0]?.message;
  expect(message).toMatchObject({ startsAt: now, fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) });
  expect(again?.alerts[0]?.message.fingerprint).toBe(message?.fingerprint);
});

test('messages stay within 8 KiB: alerts are split over several, and only those with a firing trigger may start', () => {
  const many = Array.from({ length: 60 }, (_, index) =>
    index % 2 === 0
      ? crash({ pod: `agent-bruno-${index}`, note: 'n'.repeat(300) })
      : alert('AgentBrunoOOMKilled', { pod: `agent-bruno-${index}`, note: 'n'.repeat(300) }),
  );
  const { deliveries } = route(many);
  const sizes = deliveries.map(({ delivery }) => Buffer.byteLength(JSON.stringify(delivery.signal)));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(MOST_MESSAGE_BYTES);
  expect(deliveries.flatMap(({ alerts }) => alerts.map(({ index }) => index)).sort((a, b) => a - b)).toEqual(
    many.map((_, index) => index),
  );
  for (const { delivery } of deliveries) {
    expect(delivery.mayStart).toBe(delivery.signal.alerts.some(({ role }) => role === 'trigger'));
  }
  expect(deliveries.at(-1)?.delivery.mayStart).toBe(false);
});

test('an alert that is too large by itself loses what is least needed, never its name and place', () => {
  const huge = crash(
    {
      zzz: 'é'.repeat(9_000),
      namespace: 'bruno',
      ...Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`label_${i}`, 'v'.repeat(90)])),
    },
    { generatorURL: `http://prometheus/${'q'.repeat(20_000)}` },
  );
  const { deliveries } = route([huge]);
  const [message] = deliveries[0]?.delivery.signal.alerts ?? [];
  expect(Buffer.byteLength(JSON.stringify(deliveries[0]?.delivery.signal))).toBeLessThanOrEqual(MOST_MESSAGE_BYTES);
  expect(message?.labels).toMatchObject({ alertname: 'AgentBrunoPodCrashLooping', namespace: 'bruno' });
  expect(message?.generatorURL).toBeUndefined();
  expect(message?.labels.zzz).toMatch(/^é+…$/);
});
