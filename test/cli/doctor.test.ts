import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { buildHook, jobManifest } from '../../src/builds/settings.ts';
import { examine, good } from '../../src/cli/doctor/check.ts';
import { notifierChecks } from '../../src/cli/doctor/notifiers.ts';
import { demandsOf, LOOK, OWN } from '../../src/cli/doctor/permissions.ts';
import { loadConfiguration } from '../../src/configuration/configuration.ts';
import { KintsugiError } from '../../src/errors.ts';
import { loadRunbooks } from '../../src/runbook/load.ts';
import { startServer, type TestServer } from '../http/server.ts';

const rulesOf = z.object({
  rules: z.array(
    z.object({ apiGroups: z.array(z.string()), resources: z.array(z.string()), verbs: z.array(z.string()) }),
  ),
});

/** What a role of deploy/ allows, as `get pods` or `patch deployments.apps`. */
function allowedBy(file: string, kind: string): Set<string> {
  const documents = parseAllDocuments(readFileSync(file, 'utf8')).map((document): unknown => document.toJS());
  const role = documents.find((document) => z.looseObject({ kind: z.literal(kind) }).safeParse(document).success);
  const texts = rulesOf
    .parse(role)
    .rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}.${group}`)),
      ),
    );
  return new Set(texts);
}

function textsOf(permissions: typeof LOOK): string[] {
  return permissions.flatMap(({ group, resource, subresource, verbs }) =>
    verbs.map((verb) => `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}.${group}`),
  );
}

describe('what doctor asks of RBAC', () => {
  test('to look and to keep notes is what deploy/ grants', () => {
    const file = 'deploy/kubernetes/observe.yaml';
    const look = allowedBy(file, 'ClusterRole');
    const own = allowedBy(file, 'Role');
    expect(textsOf(LOOK).filter((text) => !look.has(text))).toEqual([]);
    expect(textsOf(OWN).filter((text) => !own.has(text))).toEqual([]);
  });

  test("to act is asked in the namespace of what each action acts on: the target's, or its dependency's", async () => {
    const { runbooks } = await loadRunbooks('runbooks');
    const demands = demandsOf(loadConfiguration({ KINTSUGI_MODE: 'approve' }), runbooks);
    const act = demands.filter(({ name }) => name.startsWith('act in '));
    expect(act.map(({ namespace, needed }) => [namespace, needed])).toEqual(
      expect.arrayContaining([
        ['bruno', true],
        ['redis', true],
      ]),
    );
    const patch = { group: 'apps', resource: 'deployments', verbs: ['patch'] };
    expect(act.find(({ namespace }) => namespace === 'bruno')?.permissions).toContainEqual(patch);
  });

  test('to build is asked where the Jobs of the hooks run', () => {
    const configuration = loadConfiguration({});
    const manifest = jobManifest.parse({
      apiVersion: 'batch/v1',
      kind: 'Job',
      spec: { template: { spec: { containers: [{ name: 'build', image: 'builder:1' }] } } },
    });
    const builds = [buildHook.parse({ name: 'app', job: { namespace: 'builds', manifest } })];
    const demand = demandsOf({ ...configuration, builds }, []).find(({ name }) => name === 'build in builds');
    expect(demand?.permissions).toEqual([{ group: 'batch', resource: 'jobs', verbs: ['get', 'create', 'delete'] }]);
  });

  test('to act is not needed while the mode is observe', async () => {
    const { runbooks } = await loadRunbooks('runbooks');
    const act = demandsOf(loadConfiguration({}), runbooks).filter(({ name }) => name.startsWith('act in '));
    expect(act.map(({ needed }) => needed)).toEqual(act.map(() => false));
    expect(act).not.toEqual([]);
  });
});

describe('a check', () => {
  test('that does not answer in its time says so', async () => {
    const check = await examine('slow', () => new Promise(() => undefined), 10);
    expect(check).toMatchObject({ name: 'slow', ok: false, saw: expect.stringContaining('no answer') });
  });

  test('that throws says what was thrown, and its mend', async () => {
    const thrown = new KintsugiError('forbidden', 'no list pods', { where: 'bruno', fix: 'grant it' });
    const check = await examine('pods', () => Promise.reject(thrown));
    expect(check).toEqual({ name: 'pods', ok: false, saw: 'no list pods', fix: 'grant it' });
  });

  test('that is well has nothing to mend', async () => {
    expect(await examine('pods', () => good('pods', 'there'))).toEqual({
      name: 'pods',
      ok: true,
      saw: 'there',
      fix: '',
    });
  });
});

describe('doctor --notify', () => {
  const receivers: TestServer[] = [];
  afterEach(async () => {
    await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
  });

  async function receiver(status: number): Promise<TestServer> {
    const server = await startServer((_request, response) => response.writeHead(status).end());
    receivers.push(server);
    return server;
  }

  const configured = (webhookUrl: string) => loadConfiguration({ KINTSUGI_WEBHOOK_URL: webhookUrl });

  test('sends each notifier a page that says that nothing is broken, and its resolution, under one key', async () => {
    const { url, seen } = await receiver(202);
    const checks = await notifierChecks(configured(url), [], true);
    expect(checks.map(({ name, ok }) => ({ name, ok }))).toEqual([
      { name: 'notifiers', ok: true },
      { name: 'notifier webhook', ok: true },
    ]);
    const bodies = seen.map(({ body }): unknown => JSON.parse(body));
    const key = expect.stringMatching(/^kintsugi-doctor\//);
    expect(bodies).toMatchObject([
      { event: 'trigger', key, severity: 'info', title: expect.stringContaining('nothing is broken') },
      { event: 'update', key },
      { event: 'acknowledge', key },
      { event: 'resolve', key },
    ]);
    expect(new Set(bodies.map((body) => z.looseObject({ key: z.string() }).parse(body).key)).size).toBe(1);
  });

  test('names the notifier that does not take the page, with what it answered', async () => {
    const { url } = await receiver(403);
    const checks = await notifierChecks(configured(url), [], true);
    expect(checks.at(-1)).toMatchObject({ name: 'notifier webhook', ok: false, saw: expect.stringContaining('403') });
  });

  test('lists the notifiers of the configuration file, each with what stands against it', async () => {
    const { url } = await receiver(202);
    const entry = (name: string, settings: object) => ({
      name,
      type: 'webhook',
      settings,
      places: { secretFile: 'k.yaml:3:9' },
    });
    const notifiers = [entry('chat', { url }), entry('oncall', { url, secretFile: '/nowhere/secret' })];
    expect(
      await notifierChecks({ ...loadConfiguration({}), notifiers, defaultNotifiers: ['chat'] }, [], false),
    ).toMatchObject([
      { name: 'notifiers', ok: true },
      { name: 'notifier oncall', ok: false, saw: expect.stringMatching(/^k\.yaml:3:9: the file cannot be read/) },
      { name: 'notifier chat', ok: true, saw: expect.stringContaining('webhook') },
    ]);
  });

  test('complains of a rung that would call a PagerDuty that has the page already, for it calls nobody anew', async () => {
    const entry = { name: 'oncall', type: 'pagerduty', settings: { routingKeyFile: '/nowhere' }, places: {} };
    const configuration = { ...loadConfiguration({}), notifiers: [entry], defaultNotifiers: ['oncall'] };
    const { runbooks } = await loadRunbooks('runbooks');
    const climbing = runbooks.slice(0, 1).map((stored) => {
      const rungs = [
        { after: '15m', notify: ['oncall'], until: 'acknowledged' as const },
        { after: '25m', notify: ['oncall'], until: 'acknowledged' as const, repeat: '15m' },
      ];
      const { spec } = stored.runbook;
      return {
        ...stored,
        runbook: { ...stored.runbook, spec: { ...spec, escalation: { ...spec.escalation, rungs } } },
      };
    });
    const checks = await notifierChecks(configuration, climbing, false);
    expect(checks.find(({ name }) => name === 'ladders')).toMatchObject({
      ok: false,
      saw: expect.stringMatching(/after 25m: oncall has the page by then.*again every 15m: oncall has the page/),
      fix: expect.stringContaining("PagerDuty's own escalation policy"),
    });
    expect((await notifierChecks(configuration, runbooks, false)).map(({ name }) => name)).not.toContain('ladders');
  });

  test('is needed to send anything: without it doctor only looks', async () => {
    const { url, seen } = await receiver(202);
    expect(await notifierChecks(configured(url), [], false)).toMatchObject([{ name: 'notifiers', ok: true }]);
    expect(seen).toEqual([]);
  });
});
