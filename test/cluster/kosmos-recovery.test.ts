import { expect } from '@jest/globals';
import { needs } from '../needs.ts';
import { describeKosmosFaults } from './kosmos-recovery.ts';

needs('cluster', 'temporal');

describeKosmosFaults({
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
