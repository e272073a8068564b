import { expect, test } from '@jest/globals';
import { withNames } from '../../src/recovery/placeholders.ts';

const named = {
  target: { namespace: 'kosmos', kind: 'Deployment', name: 'kosmos-agent-runtime' },
  finding: { pod: 'kosmos-agent-runtime-5d-x', container: 'langgraph-runtime' },
  evidence: { workload: { podLabels: { app: 'kosmos-agents', agent: 'kosmos-agent-runtime' } } },
};

test('commands for a person have the names of the broken workload in them', () => {
  expect(withNames('kubectl exec -it <pod> -n <namespace> -c <container> -- /bin/sh', named)).toBe(
    'kubectl exec -it kosmos-agent-runtime-5d-x -n kosmos -c langgraph-runtime -- /bin/sh',
  );
  expect(withNames('kubectl get pods -l <labels>; kubectl get <kind> <name>', named)).toBe(
    'kubectl get pods -l app=kosmos-agents,agent=kosmos-agent-runtime; kubectl get deployment kosmos-agent-runtime',
  );
});

test('what is not known is left for the person to fill in', () => {
  const nothing = { target: null, finding: null, evidence: undefined };
  expect(withNames('kubectl exec -it <pod> -n <namespace>; cat <file>', nothing)).toBe(
    'kubectl exec -it <pod> -n <namespace>; cat <file>',
  );
});
