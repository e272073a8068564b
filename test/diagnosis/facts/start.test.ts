import { describe, test } from '@jest/globals';
import type { ContainerTemplate } from '../../../src/diagnosis/evidence/workload.ts';
import { workload } from '../workload.ts';
import { type Case, isToldFirst } from './first-finding.ts';
import { reference, waiting } from './seen.ts';

const start = (message: string, reason = 'RunContainerError', container: Partial<ContainerTemplate> = {}) => ({
  pods: [waiting(reason, message)],
  workload: workload(container),
});
const RUNC =
  'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ';

const STARTS: Case[] = [
  [
    'a command that is not in the image',
    start(`${RUNC}exec: "uvicorn": executable file not found in $PATH: unknown`, 'RunContainerError', {
      command: ['uvicorn'],
      imageCommand: { entrypoint: ['python', '-m'], cmd: ['uvicorn'] },
    }),
    'command-not-found|agent-bruno|uvicorn',
    'The image itself runs: python -m uvicorn',
  ],
  [
    'a script that is not executable',
    start(`${RUNC}exec: "/app/start.sh": permission denied: unknown`),
    'permission-denied|agent-bruno|/app/start.sh',
    'chmod +x',
  ],
  [
    'a working directory that is not there',
    start(
      `${RUNC}error during container init: chdir to cwd ("/srv/app") set in config.json failed: no such file or directory`,
    ),
    'command-not-found|agent-bruno|/srv/app',
    'workingDir',
  ],
  [
    'a user that the image does not have',
    start(`${RUNC}unable to find user appuser: no matching entries in passwd file`),
    'permission-denied|agent-bruno|appuser',
    'not in its image',
  ],
  [
    'runAsNonRoot with an image that runs as root',
    start(
      'container has runAsNonRoot and image will run as root (pod: "a", container: agent-bruno)',
      'CreateContainerConfigError',
    ),
    'permission-denied|agent-bruno|securityContext',
    'runs as root',
  ],
  [
    'a file that is mounted over a directory',
    start(
      `${RUNC}error during container init: error mounting "/var/lib/kubelet/pods/1/volumes/x" to rootfs at "/etc/app.conf": not a directory: Are you trying to mount a directory onto a file (or vice-versa)?`,
    ),
    'volume-unavailable|agent-bruno|/etc/app.conf',
    'subPath',
  ],
  [
    'a memory limit in which nothing starts',
    start(`${RUNC}container init was OOM-killed (memory limit too low?): unknown`, 'StartError', {
      resources: { requests: {}, limits: { memory: '4Mi' } },
    }),
    'oom-killed|agent-bruno|',
    'limit of 4Mi',
  ],
  [
    'another architecture',
    start(`${RUNC}exec /app: exec format error`),
    'application-startup-failure|agent-bruno|',
    'another architecture',
  ],
  [
    'a key that a Secret lacks: what it has, and what was meant',
    {
      ...start("couldn't find key DATABSE_URL in Secret bruno/db", 'CreateContainerConfigError'),
      references: [
        reference({
          name: 'db',
          keys: ['DATABASE_URL', 'USER'],
          missingKeys: ['DATABSE_URL'],
          usedBy: ['env DB of agent-bruno'],
        }),
      ],
    },
    'missing-config-reference|agent-bruno|Secret/db:DATABSE_URL',
    'env DB of agent-bruno',
    'Did you mean DATABASE_URL?',
  ],
];

describe('when a container cannot be started', () => {
  test.each(STARTS)('%s', isToldFirst);
});
