import { describe, expect, test } from '@jest/globals';
import { classify } from '../../src/diagnosis/classify.ts';
import type { ContainerTemplate } from '../../src/diagnosis/evidence/workload.ts';
import type { Evidence } from '../../src/diagnosis/evidence.ts';
import { ended, evidence, pod } from './evidence.ts';
import { container } from './workload.ts';

const LOG = [
  'INFO:     Application startup complete.',
  "ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', 8080): address already in use",
  'INFO:     Waiting for application shutdown.',
].join('\n');
const SERVER = 'uvicorn src.main:app --port 8080';

const serving = (parts: Partial<ContainerTemplate> = {}): ContainerTemplate =>
  container({ ports: [{ port: 8080 }], ...parts });

function summaryWith(containers: ContainerTemplate[], difference: Evidence['difference'] = null): string {
  const workload = { containers } as Evidence['workload'];
  const [finding] = classify(evidence({ pods: [pod(ended(1, LOG))], workload, difference }));
  expect(finding?.cause).toBe('port-in-use');
  return finding?.summary ?? '';
}

const changed: Evidence['difference'] = {
  against: 'the healthy baseline of today',
  kind: 'baseline',
  changes: [{ container: 'agent-bruno', what: 'command', before: 'absent', after: 'bash' }],
};

describe('a port that is in use is told with who has it', () => {
  test.each<[string, ContainerTemplate[], Evidence['difference'], RegExp]>([
    [
      'a second container',
      [serving(), serving({ name: 'metrics' })],
      null,
      /Container metrics of the same pod has port 8080 too\.$/,
    ],
    ['the node', [serving({ ports: [{ port: 8080, hostPort: 80 }] })], null, /It takes port 80 of its node/],
    [
      'two processes of its command',
      [serving({ command: ['bash', '-c', `${SERVER} & ${SERVER} & wait -n; exit $?`] })],
      changed,
      /Its command starts uvicorn more than once; the command was changed since the healthy baseline of today\.$/,
    ],
    [
      'a script that then becomes the server',
      [serving({ command: ['sh', '-c'], args: [`${SERVER} & sleep 5 && exec ${SERVER}`] })],
      null,
      /Its command starts uvicorn more than once\.$/,
    ],
    [
      'a changed command that does not show it',
      [serving({ command: ['./run.sh'] })],
      changed,
      /Two of its processes want the same port; the command was changed/,
    ],
  ])('%s', (_, containers, difference, told) => {
    expect(summaryWith(containers, difference)).toMatch(told);
  });

  test.each<[string, ContainerTemplate[]]>([
    [
      'an init container with the port, which has ended by then',
      [serving(), serving({ name: 'prepare', role: 'init' })],
    ],
    ['a container with another port', [serving(), serving({ name: 'metrics', ports: [{ port: 9090 }] })]],
    ['one process', [serving({ command: ['sh', '-c', `exec ${SERVER}`] })]],
  ])('but not %s', (_, containers) => {
    expect(summaryWith(containers)).not.toMatch(/of the same pod has|It takes port|more than once|Two of its/);
  });
});
