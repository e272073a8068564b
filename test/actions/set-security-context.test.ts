import { afterEach, describe, expect, test } from '@jest/globals';
import { actionNamed } from '../../src/actions/parameters.ts';
import { effectiveContext, gains } from '../../src/actions/plan/security-context.ts';
import type { FakeApiServer } from '../checks/api-server.ts';
import { startServer } from '../http/server.ts';
import { startTemplateWorld, type TemplateStory } from './template-world.ts';

const NAME = 'set-security-context';
const VOLUME = {
  healthy: { volumeMounts: [{ name: 'cache', mountPath: '/var/cache/app' }] },
  healthyPod: { volumes: [{ name: 'cache', emptyDir: {} }] },
};

const DENIED = { cause: 'permission-denied', subject: '/var/cache/app/answers.json' };

let server: FakeApiServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function planned(params: { [key: string]: string | number }, story: Partial<TemplateStory> = {}) {
  const world = await startTemplateWorld({
    finding: DENIED,
    ...VOLUME,
    ...story,
  });
  server = world.server;
  return world.plan(NAME, params);
}

describe('no security context gains root or privileges (safety 9)', () => {
  const plain = effectiveContext({}, {});
  test.each([
    ['root', { runAsUser: 1000 }, { runAsUser: 0 }, /as root/],
    ['runAsNonRoot away', { runAsNonRoot: true }, {}, /runAsNonRoot/],
    ['privileged', {}, { privileged: true }, /privileged/],
    ['escalation', { allowPrivilegeEscalation: false }, {}, /escalation/],
    [
      'capabilities',
      { capabilities: { add: ['NET_RAW'] } },
      { capabilities: { add: ['NET_RAW', 'SYS_ADMIN'] } },
      /SYS_ADMIN/,
    ],
    ['an unconfined profile', {}, { seccompProfile: { type: 'Unconfined' } }, /unconfined/],
  ])('%s', (_, now, then, reason) => {
    expect(gains(effectiveContext({}, now), effectiveContext({}, then))).toMatch(reason);
    expect(gains(effectiveContext({}, then), effectiveContext({}, then))).toBeNull();
  });

  test('of pod and container the container’s own counts', () => {
    expect(effectiveContext({ runAsUser: 0, runAsNonRoot: true }, { runAsUser: 7 })).toMatchObject({
      runAsUser: 7,
      runAsNonRoot: true,
    });
    expect(plain).toMatchObject({ runAsNonRoot: false, privileged: false, capabilities: [] });
  });

  test.each([{ runAsUser: 0 }, { runAsGroup: 0 }, { fsGroup: 0 }, {}, { from: 'baseline', runAsUser: 1000 }])(
    '%j is no parameter',
    (params) => {
      expect(actionNamed(NAME).params.safeParse(params).success).toBe(false);
    },
  );

  test.each<[string, Partial<TemplateStory>]>([
    [
      'root',
      {
        healthy: { ...VOLUME.healthy, securityContext: { runAsUser: 0 } },
        present: { securityContext: { runAsUser: 1000 } },
      },
    ],
    [
      'privileges',
      {
        healthy: { ...VOLUME.healthy, securityContext: { runAsUser: 7, privileged: true } },
        present: { securityContext: { runAsUser: 7 } },
      },
    ],
  ])('nor by going back to a healthy template with %s', async (_, story) => {
    expect((await planned({ from: 'baseline' }, story)).refusal?.code).toBe('gains-privileges');
  });
});

describe(NAME, () => {
  test('restores the user with which the target was healthy, without asking where nothing else differs', async () => {
    const plan = await planned(
      { from: 'baseline' },
      {
        healthyPod: { ...VOLUME.healthyPod, securityContext: { runAsUser: 1000 } },
        presentPod: { securityContext: { runAsUser: 10001 } },
      },
    );
    expect(plan.refusal).toBeUndefined();
    expect(plan.ask).toBeUndefined();
    expect(plan.changes).toMatchObject([
      { path: '/spec/template/spec/securityContext/runAsUser', before: { value: 10001 }, after: { value: 1000 } },
    ]);
  });

  describe('where the image would choose the user again', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const story = {
      presentPod: { securityContext: { runAsUser: 10001 } },
      status: { imageID: `registry.test/app@${digest}` },
    };

    /** The plan where the image's registry says that this is its user. */
    async function withImageUser(User: string) {
      const registry = await startServer((request, response) => {
        response.writeHead(200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' });
        const isManifest = request.path.includes('/manifests/');
        response.end(JSON.stringify(isManifest ? { config: { digest } } : { config: { User } }));
      });
      try {
        const world = await startTemplateWorld({ finding: DENIED, ...VOLUME, ...story });
        server = world.server;
        const context = { ...world.context, mirrors: { 'registry.test': registry.url } };
        return await actionNamed(NAME).plan(context, { from: 'baseline' });
      } finally {
        await registry.close();
      }
    }

    test('one that its registry tells is restored', async () => {
      const plan = await withImageUser('1000:1000');
      expect(plan.refusal).toBeUndefined();
      expect(plan.ask).toBeUndefined();
    });

    test.each(['', '0', 'root', '0:0', 'root:root'])('root (%j) is refused', async (user) => {
      expect((await withImageUser(user)).refusal?.code).toBe('gains-privileges');
    });

    test('a name whose id is not known, and a registry that does not tell, ask', async () => {
      expect((await withImageUser('node')).ask).toContain("as its image's user node, whose id is not known");
      await server?.close();
      const plan = await planned({ from: 'baseline' }, { ...story, status: { imageID: '' } });
      expect(plan.refusal).toBeUndefined();
      expect(plan.ask).toContain("app would run as its image's own user, which may be root");
    });
  });

  test('sets the written user, and asks before fsGroup changes the files of a volume', async () => {
    const user = await planned({ runAsUser: 1000 });
    expect(user.refusal).toBeUndefined();
    expect(user.ask).toBeUndefined();
    await server?.close();
    const group = await planned({ runAsUser: 1000, fsGroup: 2000 });
    expect(group.ask).toBe('fsGroup 2000 gives all files of the volumes cache another group, for good');
    expect(group.summary).toBe('Set the security context of app in Deployment bruno/app: runAsUser 1000, fsGroup 2000');
  });

  test.each<[string, string, RegExp, { [key: string]: string | number }, Partial<TemplateStory>]>([
    [
      'a path of the image',
      'in-image',
      /\/app\/cache is a path of the image and on no volume: its ownership belongs in the Dockerfile/,
      { runAsUser: 1000 },
      { finding: { cause: 'permission-denied', subject: '/app/cache' } },
    ],
    [
      'a path that is mounted read-only',
      'read-only',
      /mounted read-only/,
      { runAsUser: 1000 },
      { healthy: { volumeMounts: [{ name: 'cache', mountPath: '/var/cache/app', readOnly: true }] } },
    ],
    [
      'a read-only file system',
      'read-only',
      /mounted read-only/,
      { runAsUser: 1000 },
      {
        finding: {
          cause: 'permission-denied',
          subject: '/app/x',
          quotes: [{ source: 'log', text: "OSError: [Errno 30] Read-only file system: '/app/x'" }],
        },
      },
    ],
    ['fsGroup without a volume', 'no-volume', /the pod has none/, { fsGroup: 7 }, { healthyPod: {} }],
    ['another cause', 'other-cause', /oom-killed/, { runAsUser: 1000 }, { finding: { cause: 'oom-killed' } }],
    [
      'a user that it has already',
      'not-changed',
      /runs so already/,
      { runAsUser: 7 },
      { healthy: { ...VOLUME.healthy, securityContext: { runAsUser: 7 } } },
    ],
    ['a context that has not changed', 'not-changed', /is the one with which it was healthy/, { from: 'baseline' }, {}],
    ['a target never seen healthy', 'no-baseline', /never seen healthy/, { from: 'baseline' }, { baseline: false }],
  ])('refuses %s', async (_, code, reason, params, story) => {
    expect((await planned(params, story)).refusal).toMatchObject({ code, reason: expect.stringMatching(reason) });
  });
});
