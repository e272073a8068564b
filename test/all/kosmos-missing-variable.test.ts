import { describeKosmosFaults } from '../cluster/kosmos-recovery.ts';
import { needs } from '../needs.ts';

needs('cluster', 'temporal');

describeKosmosFaults({
  fault: 'kosmos-missing-variable',
  agent: 'zeus-orchestrator',
  trigger: 'KosmosAgentCrashLooping',
  cause: 'configuration-error',
  remedy: 'restore-variable',
  changes: [/^patch deployments zeus-orchestrator$/],
});
