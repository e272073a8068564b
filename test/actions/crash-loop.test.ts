import { describe, expect, test } from '@jest/globals';
import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { actionNamed } from '../../src/actions/parameters.ts';
import { crashesAgain, endsUntilNow } from '../../src/actions/rules/crash-loop.ts';
import type { OwnedWorkload, Revision } from '../../src/kubernetes/revisions.ts';
import { templateHash } from '../../src/kubernetes/template.ts';
import { toWorkload } from '../../src/kubernetes/workloads.ts';
import { contextFor, runbookFor } from './action-context.ts';
import { startTemplateWorld, TARGET } from './template-world.ts';

const TEMPLATE = { spec: { containers: [{ name: 'app' }] } };
const revision = { uid: 'uid-new', podLabel: 'new', templateHash: templateHash(TEMPLATE) } as Revision;
const older = { uid: 'uid-old', podLabel: 'old', templateHash: 'another' } as Revision;

const inBackOff = (restartCount: number): Partial<V1ContainerStatus> => ({
  restartCount,
  state: { waiting: { reason: 'CrashLoopBackOff' } },
  lastState: { terminated: { reason: 'Error', exitCode: 3 } },
});
const notStarted = (restartCount: number): Partial<V1ContainerStatus> => ({
  restartCount,
  state: { waiting: { reason: 'RunContainerError' } },
  lastState: { terminated: { reason: 'StartError', exitCode: 128 } },
});
const running = (restartCount: number): Partial<V1ContainerStatus> => ({ restartCount, state: { running: {} } });

function pod(name: string, status: Partial<V1ContainerStatus>, label = 'new'): V1Pod {
  return {
    metadata: { name, uid: `uid-${name}`, labels: { 'pod-template-hash': label } },
    status: {
      phase: 'Running',
      containerStatuses: [{ name: 'app', image: '', imageID: '', ready: false, restartCount: 0, ...status }],
    },
  };
}

function owned(...pods: V1Pod[]): OwnedWorkload {
  const metadata = { name: 'app', namespace: 'bruno', uid: 'u', resourceVersion: '1' };
  return {
    workload: toWorkload('Deployment', { metadata, spec: { selector: {}, template: TEMPLATE } }),
    revisions: [revision, older],
    pods,
  };
}

describe('a container that crashes again and again since the wait began', () => {
  test.each<[string, OwnedWorkload, OwnedWorkload, boolean]>([
    ['is one of a new pod that has ended twice and is in back-off', owned(), owned(pod('a', inBackOff(1))), true],
    [
      'is not one that has ended once: what it needs may come up beside it',
      owned(),
      owned(pod('a', inBackOff(0))),
      false,
    ],
    ['is one that the runtime cannot even start', owned(), owned(pod('a', notStarted(1))), true],
    ['is not one that runs again', owned(), owned(pod('a', running(2))), false],
    ['is not one whose ends all came before', owned(pod('a', inBackOff(6))), owned(pod('a', inBackOff(6))), false],
    ['is not one that has ended once more', owned(pod('a', inBackOff(6))), owned(pod('a', inBackOff(7))), false],
    ['is one that has ended twice more', owned(pod('a', inBackOff(6))), owned(pod('a', inBackOff(8))), true],
    ['is not one of a former revision', owned(), owned(pod('a', inBackOff(5), 'old')), false],
  ])('%s', (_, then, now, crashed) => {
    expect(crashesAgain(now, endsUntilNow(then)) !== null).toBe(crashed);
  });

  test('is named with its ends and its exit code', () => {
    expect(crashesAgain(owned(pod('app-1', inBackOff(1))), new Map())).toBe(
      'app of app-1 has crashed 2 times since, last with Error (exit code 3)',
    );
  });
});

describe('wait-ready', () => {
  const redis = { name: 'redis', type: 'redis' as const, namespace: 'redis', selector: 'app=redis' };
  const PODS = '/api/v1/namespaces/redis/pods';
  const away = {
    items: [{ metadata: { name: 'redis-0' }, status: { conditions: [{ type: 'Ready', status: 'False' }] } }],
  };
  const there = {
    items: [{ metadata: { name: 'redis-0' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } }],
  };

  /** Waits while the pod is in back-off from the first look on, and has ended twice more at the next. */
  async function waitReady(dependency: object) {
    const world = await startTemplateWorld({ finding: {}, status: inBackOff(4), routes: { [PODS]: dependency } });
    const { routes } = world.server;
    const pods = '/api/v1/namespaces/bruno/pods';
    const first = routes[pods] as { items: V1Pod[] };
    let looks = 0;
    routes[pods] = (_request, response) => {
      looks += 1;
      const items = first.items.map((item) => ({
        ...item,
        status: {
          ...item.status,
          containerStatuses: item.status?.containerStatuses?.map((status) => ({
            ...status,
            restartCount: looks === 1 ? 4 : 6,
          })),
        },
      }));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ items }));
    };
    const context = contextFor(world.server.kubernetes, TARGET, { runbook: runbookFor(TARGET, [redis]) });
    const action = actionNamed('wait-ready');
    const plan = await action.plan(context, action.params.parse({ timeout: '8s' }));
    return action.apply(context, plan).finally(() => world.server.close());
  }

  test('does not wait on for a pod that crashes again and again', async () => {
    await expect(waitReady(there)).rejects.toMatchObject({
      code: 'timeout',
      retryable: false,
      message: expect.stringContaining('app of app-new-1 has crashed 2 times since'),
    });
  }, 20_000);

  test('waits on while a dependency of the runbook is away, whatever crashes meanwhile', async () => {
    await expect(waitReady(away)).rejects.toMatchObject({ message: expect.stringContaining('not ready after 8 s') });
  }, 20_000);
});
