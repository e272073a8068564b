import { expect, test } from '@jest/globals';
import { KintsugiError } from '../../src/errors.ts';
import { type Deliver, deliverPost } from '../../src/gateway/receive.ts';
import { routePost } from '../../src/gateway/routing.ts';
import { storedRunbook } from './runbooks.ts';

const bruno = storedRunbook();
const shop = storedRunbook('shop', {
  alerts: { trigger: ['PodCrashLooping'], related: ['AgentBrunoOOMKilled'] },
  target: { namespace: 'bruno', kinds: ['Deployment', 'StatefulSet'], selector: 'tier=web' },
});

function alert(name: string, more: object = {}, labels: object = {}) {
  return {
    status: 'firing',
    fingerprint: name,
    labels: { alertname: name, ...labels },
    startsAt: '2026-01-31T03:00:00Z',
    ...more,
  };
}

function post(alerts: unknown[], deliver: Deliver, runbooks = [bruno]) {
  const routing = routePost({ alerts }, runbooks, { cluster: 'homelab', now: '2026-01-31T03:01:00Z' });
  return deliverPost(routing, alerts.length, deliver);
}

const workflowId = 'recovery/homelab/bruno/deployment/agent-bruno';
const away = new KintsugiError('unavailable', 'no answer', { where: 'localhost:7233', fix: 'start Temporal' });

test('the alert that started a recovery says so, those that came with it joined', async () => {
  const alerts = [alert('AgentBrunoOOMKilled'), alert('Watchdog'), alert('AgentBrunoPodCrashLooping'), 'no alert'];
  expect(await post(alerts, async () => 'started')).toEqual({
    results: [
      { fingerprint: 'AgentBrunoOOMKilled', status: 'joined', workflowId },
      { fingerprint: 'Watchdog', status: 'unmatched', reason: 'no runbook names the alert Watchdog' },
      { fingerprint: 'AgentBrunoPodCrashLooping', status: 'started', workflowId },
      { fingerprint: '', status: 'refused', reason: expect.stringContaining('no status') },
    ],
  });
});

test('a related or resolved alert with no open recovery is recorded', async () => {
  const alerts = [alert('AgentBrunoOOMKilled'), alert('AgentBrunoPodCrashLooping', { status: 'resolved' })];
  const received = await post(alerts, async ({ mayStart }) => (mayStart ? 'started' : 'absent'));
  expect(received).toMatchObject({ results: [{ status: 'recorded' }, { status: 'recorded' }] });
});

test('one alert that could be stored later asks for the whole post again', async () => {
  const alerts = [
    alert('AgentBrunoPodCrashLooping'),
    alert('PodCrashLooping', {}, { namespace: 'bruno', pod: 'web-1' }),
  ];
  const deliver: Deliver = async ({ target }) => {
    if (target.kind === 'Pod') throw away;
    return 'started';
  };
  expect(await post(alerts, deliver, [bruno, shop])).toEqual({ later: away });
});

test('an alert that can never be stored is refused, and does not hold the others back', async () => {
  const never = new KintsugiError('invalid', 'the id is too long', { where: 'id', fix: 'none' });
  const alerts = [
    alert('AgentBrunoPodCrashLooping'),
    alert('PodCrashLooping', {}, { namespace: 'bruno', pod: 'web-1' }),
  ];
  const deliver: Deliver = async ({ target }) => {
    if (target.kind === 'Pod') throw never;
    return 'joined';
  };
  expect(await post(alerts, deliver, [bruno, shop])).toMatchObject({
    results: [{ status: 'joined' }, { status: 'refused', reason: 'the id is too long' }],
  });
});

test('of several recoveries that an alert went to, the best result is its result', async () => {
  const alerts = [alert('AgentBrunoOOMKilled', {}, { namespace: 'bruno', pod: 'web-1' })];
  const deliver: Deliver = async ({ target }) => (target.kind === 'Pod' ? 'absent' : 'joined');
  expect(await post(alerts, deliver, [shop, bruno])).toMatchObject({ results: [{ status: 'joined', workflowId }] });
});

test('messages to one recovery go one after the other, for the first may start what the next ones join', async () => {
  const alerts = Array.from({ length: 40 }, (_, index) =>
    alert(
      'AgentBrunoPodCrashLooping',
      { fingerprint: `f${index}` },
      { note: 'n'.repeat(400), pod: `agent-bruno-${index}` },
    ),
  );
  let open = false;
  let started = 0;
  const deliver: Deliver = async () => {
    if (open) throw new Error('two messages at the same time');
    open = true;
    await new Promise(setImmediate);
    open = false;
    started += 1;
    return started === 1 ? 'started' : 'joined';
  };
  const received = await post(alerts, deliver);
  const statuses = 'results' in received ? received.results.map(({ status }) => status) : [];
  expect(started).toBeGreaterThan(1);
  expect(new Set(statuses)).toEqual(new Set(['started', 'joined']));
  expect(statuses).toHaveLength(40);
});
