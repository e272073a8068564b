import { expect } from '@jest/globals';
import { describeKosmosFaults } from '../cluster/kosmos-recovery.ts';
import { needs } from '../needs.ts';

needs('cluster', 'temporal');

/** The other faults of KOSMOS' agents that mend by themselves, each from its alert to recovered. */

describeKosmosFaults(
  {
    fault: 'kosmos-configuration',
    agent: 'kosmos-agent-runtime',
    trigger: 'KosmosAgentCrashLooping',
    cause: 'configuration-error',
    remedy: 'restore-variable',
    changes: [/^patch deployments kosmos-agent-runtime$/],
  },
  {
    fault: 'kosmos-memory',
    agent: 'zeus-orchestrator',
    trigger: 'KosmosAgentOOMKilled',
    cause: 'oom-killed',
    remedy: 'raise-memory',
    changes: [/^patch deployments zeus-orchestrator$/],
    // At 2Gi already: as written nothing would change.
    sees: async (_, { world: { kubernetes }, namespaces }) => {
      const place = { name: 'zeus-orchestrator', namespace: namespaces.kosmos };
      const { spec } = await kubernetes.apps.readNamespacedDeployment(place);
      const zeus = spec?.template.spec?.containers.find(({ name }) => name === 'zeus');
      expect(zeus?.resources).toMatchObject({ requests: { memory: '1Gi' }, limits: { memory: '3Gi' } });
    },
  },
  {
    fault: 'kosmos-degraded',
    agent: 'hermes-agent',
    trigger: 'KosmosAgentUnresponsive',
    cause: 'unresponsive',
    remedy: 'replace-pods',
    changes: [/^delete pods hermes-agent-1$/],
    sees: ({ findings, attempts }) => {
      expect(findings?.[0]?.summary).toContain('Degraded: 1 of 2 pods are ready.');
      const [dump] = attempts.flatMap(({ actions }) => actions.flatMap(({ saw = [] }) => saw));
      expect(dump).toMatch(/^hermes-agent-1: deadlock: .*"conversation-writer".*"tool-runner"/);
    },
  },
);
