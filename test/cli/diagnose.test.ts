import { afterEach, describe, expect, test } from '@jest/globals';
import { diagnosedTarget, notThere } from '../../src/cli/diagnose/target.ts';
import { type FakeApi, startFakeApi } from '../kubernetes/fake-api.ts';
import { kintsugi, kintsugiJson } from './command.ts';

let api: FakeApi | undefined;
afterEach(async () => {
  await api?.close();
  api = undefined;
});

describe('what a person names', () => {
  test.each([
    ['bruno/deployment/agent-bruno', 'Deployment'],
    ['bruno/Deployments/agent-bruno', 'Deployment'],
    ['bruno/deploy/agent-bruno', 'Deployment'],
    ['bruno/STS/redis', 'StatefulSet'],
    ['bruno/ds/logs', 'DaemonSet'],
    ['bruno/po/agent-bruno-5d8-x', 'Pod'],
    ['bruno/jobs/migrate', 'Job'],
    ['bruno/cj/backup', 'CronJob'],
  ])('%s is a %s', (text, kind) => {
    expect(diagnosedTarget(text).kind).toBe(kind);
  });

  test('a kind that there is not lists those that there are, the nearest first', () => {
    expect(() => diagnosedTarget('bruno/deploymint/a')).toThrow(
      expect.objectContaining({
        code: 'invalid',
        fix: expect.stringMatching(/did you mean "deployment".*daemonset.*job.*pod/),
      }),
    );
  });

  test.each(['agent-bruno', 'bruno/agent-bruno', 'a/b/c/d', 'bruno/pod/', 'bruno/pod/Not_A_Name'])(
    '%s is refused',
    (text) => {
      expect(() => diagnosedTarget(text)).toThrow(expect.objectContaining({ code: 'invalid' }));
    },
  );
});

describe('a target that is not there', () => {
  const list = (...names: string[]) => ({ items: names.map((name) => ({ metadata: { name } })) });
  const namespace = (deployments: string[], statefulSets: string[]) => ({
    'GET /apis/apps/v1/namespaces/bruno/deployments': list(...deployments),
    'GET /apis/apps/v1/namespaces/bruno/statefulsets': list(...statefulSets),
    'GET /apis/apps/v1/namespaces/bruno/daemonsets': list(),
    'GET /apis/apps/v1/namespaces/bruno/replicasets': list(),
    'GET /apis/batch/v1/namespaces/bruno/jobs': list(),
    'GET /apis/batch/v1/namespaces/bruno/cronjobs': list(),
    'GET /api/v1/namespaces/bruno/pods': list(),
    'GET /api/v1/namespaces': list('bruno', 'default'),
  });
  const target = { namespace: 'bruno', kind: 'Deployment', name: 'agent-brunno' };

  test('is told with the nearest name', async () => {
    api = await startFakeApi(namespace(['agent-bruno', 'web'], []));
    expect((await notThere(api.kubernetes, target)).fix).toBe('did you mean agent-bruno? there are: agent-bruno, web');
  });

  test('is told with the kind that has that name', async () => {
    api = await startFakeApi(namespace(['web'], ['redis']));
    expect((await notThere(api.kubernetes, { ...target, name: 'redis' })).fix).toBe(
      'did you mean bruno/statefulset/redis?',
    );
  });

  test('in a namespace that is not there either is told with the nearest namespace', async () => {
    api = await startFakeApi({
      ...Object.fromEntries(
        Object.entries(namespace([], [])).map(([call, answer]) => [call.replace('/bruno/', '/brunno/'), answer]),
      ),
    });
    expect((await notThere(api.kubernetes, { ...target, namespace: 'brunno' })).fix).toContain('did you mean bruno?');
  });
});

describe('the command', () => {
  test('needs no cluster to refuse what is no target', async () => {
    const { exitCode, answer } = await kintsugiJson(['diagnose', 'bruno/deploymint/a']);
    expect(exitCode).toBe(2);
    expect(answer).toMatchObject({ error: { code: 'invalid', fix: expect.stringContaining('deployment') } });
  }, 30_000);

  test('says by its exit code that the cluster is away', async () => {
    api = await startFakeApi();
    const kubeconfig = api.kubeconfig;
    await api.stop();
    const { exitCode, stderr } = await kintsugi(['diagnose', 'bruno/deployment/a'], { KUBECONFIG: kubeconfig });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('cannot be reached');
  }, 30_000);

  test('without a kubeconfig says which variable names one', async () => {
    const { exitCode, stderr } = await kintsugi(['diagnose', 'bruno/deployment/a'], { KUBECONFIG: '/nowhere/config' });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('KUBECONFIG');
  }, 30_000);
});
