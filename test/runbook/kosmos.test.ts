import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { flatten, normal } from './flatten.ts';

/**
 * The written runbook of KOSMOS' agents, section by section and line by line: each bullet, each command's purpose, each command that a
 * person may still want, each link. It has become several runbooks: `file` says in which one a section stands. Where the written
 * command is wrong (Kubernetes notes, "Traps"), the parts of it that count; its `<pod-name>` and `<agent-name>` are what the page fills in.
 */
const RECOVERY = 'kosmos-agent-recovery';
const SNAPSHOT = 'kosmos-restore-snapshot';
const CONVERSATIONS = 'kosmos-conversation-state';
const RESET = 'kosmos-agent-reset';

const written: { section: string; file: string; lines: string[] }[] = [
  {
    section: 'Overview',
    file: RECOVERY,
    lines: ['Agent Recovery Runbook', '2025-12-13', 'Procedures for recovering failed or degraded KOSMOS agents.'],
  },
  {
    section: '1. Pod CrashLoopBackOff',
    file: RECOVERY,
    lines: [
      '1. Pod CrashLoopBackOff',
      'Symptoms',
      'Pod repeatedly crashing',
      'Status: CrashLoopBackOff',
      'Diagnosis',
      'kubectl describe pod <pod-name> -n kosmos',
      'kubectl logs <pod-name> -n kosmos --previous',
      'Check configuration errors',
      'Verify environment variables',
      'Review resource limits',
      'Check dependencies availability',
    ],
  },
  {
    section: '2. Out of Memory (OOM)',
    file: RECOVERY,
    lines: [
      '2. Out of Memory (OOM)',
      'Pod killed by OOM killer',
      'Exit code 137',
      'Increase memory limits',
      'kubectl set resources deployment <agent-name> -n kosmos',
      '--limits=memory=2Gi --requests=memory=1Gi',
      'request: 1Gi',
      'limit: 2Gi',
      'Restart deployment',
      'kubectl rollout restart deployment <agent-name> -n kosmos',
    ],
  },
  {
    section: '3. Unresponsive Agent',
    file: RECOVERY,
    lines: [
      '3. Unresponsive Agent',
      'Health checks failing',
      'No response to requests',
      'Check liveness probe',
      'kubectl get pods -n kosmos -l',
      'Exec into pod',
      'kubectl exec -it <pod-name> -n kosmos -- /bin/sh',
      'Restart pod',
      'Check for deadlocks',
      'Review recent code changes',
    ],
  },
  {
    section: 'Restore from Backup',
    file: SNAPSHOT,
    lines: [
      'Restore from Backup',
      'List available backups',
      'kubectl get volumesnapshots -n kosmos',
      'Restore from snapshot',
      'kubectl apply -f restore-pvc.yaml',
    ],
  },
  {
    section: 'Conversation State Recovery',
    file: CONVERSATIONS,
    lines: [
      'Conversation State Recovery',
      'Export conversation state',
      'kubectl exec -it <pod-name> -n kosmos --',
      'python -m kosmos.tools.export_state --output /tmp/state.json',
      'Import conversation state',
      'kubectl cp state.json <pod-name>:/tmp/ -n kosmos',
      'python -m kosmos.tools.import_state --input /tmp/state.json',
    ],
  },
  {
    section: 'Complete Agent Reset',
    file: RESET,
    lines: [
      'Complete Agent Reset',
      'Delete all pods',
      'kubectl delete pods -n kosmos -l',
      'Clear persistent state (if needed)',
      'kubectl delete pvc <agent-pvc> -n kosmos',
      'Redeploy',
      'kubectl apply -f k8s/agents/<agent-name>/',
    ],
  },
  {
    section: 'Post-Recovery',
    file: RECOVERY,
    lines: [
      'Post-Recovery',
      'Verify agent functionality',
      'Check metrics and logs',
      'Document root cause',
      'Update runbook if needed',
      'Conduct post-mortem',
    ],
  },
  {
    section: 'Related Documentation',
    file: RECOVERY,
    lines: ['Agent Deployment', 'agent-deployment.md', 'MCP Troubleshooting', 'mcp-troubleshooting.md'],
  },
];

const pathOf = (file: string) => join(import.meta.dirname, '../../runbooks', `${file}.yaml`);

describe("the runbooks of KOSMOS' agents have the whole written runbook in them", () => {
  for (const { section, file, lines } of written) {
    test(`${section}, in ${file}`, () => {
      const runbook = flatten(parse(readFileSync(pathOf(file), 'utf8')));
      const placeholders = (line: string) =>
        line.replaceAll('<pod-name>', '<pod>').replaceAll('<agent-name>', '<name>');
      const missing = lines.filter(
        (line) => !runbook.includes(normal(line)) && !runbook.includes(normal(placeholders(line))),
      );
      expect(missing).toEqual([]);
    });
  }
});
