import { afterAll, beforeAll, expect, jest } from '@jest/globals';
import { needs } from '../needs.ts';
import { describeKosmosFault, KOSMOS_WORLD } from './kosmos-recovery.ts';
import { type ObservedWorld, startObservedWorld } from './observed-world.ts';

needs('cluster', 'temporal');

// One fault takes about three minutes from its making to the end of its windowed alert.
jest.setTimeout(10 * 60_000);

let world: ObservedWorld;

beforeAll(async () => {
  world = await startObservedWorld('kosmos', KOSMOS_WORLD);
});

afterAll(() => world?.stop());

describeKosmosFault(() => world, {
  fault: 'kosmos-deadlock',
  agent: 'kosmos-agent-runtime',
  trigger: 'KosmosAgentUnresponsive',
  cause: 'unresponsive',
  remedy: 'replace-pods',
  changes: [/^delete pods kosmos-agent-runtime-/],
  sees: ({ attempts, findings }) => {
    expect(findings?.[0]?.summary).toMatch(
      /^langgraph-runtime runs but has not answered as it should since .* its readiness probe GET :8000\/ready is answered with status 503/,
    );
    const [dump] = attempts.flatMap(({ actions }) => actions.flatMap(({ saw = [] }) => saw));
    expect(dump).toMatch(/deadlock: process 1 \(Python 3\.\d+\.\d+\) has \d+ threads; 2 wait for locks/);
    expect(dump).toContain('"conversation-writer" in ToolBox.learn');
    expect(dump).toMatch(/"tool-runner" in \S*keep/);
    const checks = attempts[0]?.verification?.checks ?? [];
    expect(checks.find(({ name }) => name === 'http /ready')?.saw).toContain(
      'Service kosmos-agent-service:8000 answered 200',
    );
  },
});
