import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { z } from 'zod';
import { startAlertmanager } from '../../dev/monitoring/start.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { kintsugi, kintsugiJson } from '../cli/command.ts';
import { needs } from '../needs.ts';
import { auditLogEnd, auditLogOf, changesOf, kintsugiCalls } from './audit-log.ts';
import {
  alertOf,
  type ChaosWorld,
  isPatchOf,
  type Scene,
  sendAlert,
  startChaosWorld,
  untilRecord,
} from './chaos-world.ts';
import { createCrashingApp } from './crashing-app.ts';
import { patchByHand } from './workloads.ts';

needs('cluster', 'temporal');

jest.setTimeout(300_000);

/** Maintenance as people announce it: by the command line, in a real Alertmanager, by an annotation. */

/** After the raise of its memory. */
const SECOND_WRITE = {
  'set-resources': { container: 'app', cpu: { request: '2m', limit: '600m', factor: 1.1, cap: '1' } },
};

let world: ChaosWorld<'quiet' | 'held' | 'foreign' | 'annotated'>;
let alertmanager: Awaited<ReturnType<typeof startAlertmanager>>;
const folder = mkdtempSync(join(tmpdir(), 'kintsugi-silences-'));

beforeAll(async () => {
  alertmanager = await startAlertmanager(folder);
  world = await startChaosWorld(
    { quiet: {}, held: { deadline: '20s' }, foreign: {}, annotated: { more: [SECOND_WRITE] } },
    { alertmanagerUrl: alertmanager.url },
  );
}, 240_000);

afterAll(async () => {
  await world?.stop();
  await alertmanager?.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const auditLog = () => auditLogOf(process.env.KINTSUGI_TEST_AUDIT_LOG);

/** What Kintsugi's user has changed in the scene's namespace since a place in the audit log. */
const changesSince = (scene: Scene, begin: number) => changesOf(kintsugiCalls(auditLog(), begin, [scene.namespace]));

const messagesOf = (scene: Scene) =>
  world.pages.pages.filter(({ idempotencyKey }) => idempotencyKey.includes(scene.workflowId)).map(({ body }) => body);

const command = async (...args: string[]): Promise<string> => {
  const { exitCode, stdout, stderr } = await kintsugi(args, world.kintsugi.environment);
  expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
};

/** Sets a silence as a person does; returns its id. */
async function silence({ target: { namespace, name } }: Scene): Promise<string> {
  const { exitCode, answer } = await kintsugiJson(
    ['silence', `${namespace}/deployment/${name}`, '--for', '10m', '--reason', 'node upgrade', '--actor', 'ana'],
    world.kintsugi.environment,
  );
  expect(exitCode).toBe(0);
  return z.object({ id: z.string() }).parse(answer).id;
}

/** Breaks the scene's app and brings its alert; returns the place in the audit log where that was. */
async function broken(scene: Scene): Promise<number> {
  await createCrashingApp(world.kubernetes, scene.namespace);
  const begin = auditLogEnd(auditLog());
  await sendAlert(world, alertOf(scene));
  return begin;
}

const isSilenced = ({ silences, attempts, look }: RecoveryRecord) =>
  silences?.current != null && attempts[0]?.stage === 'planned' && look.at !== null;

test('a silence by the command line holds the remedy, and its end lets it mend the target', async () => {
  const scene = world.scenes.quiet;
  const id = await silence(scene);
  expect(await command('silence', 'list')).toContain('node upgrade');
  const begin = await broken(scene);
  const { record } = await untilRecord(world, scene, isSilenced);
  expect(record.silences?.current).toMatchObject({ id, source: 'kintsugi', by: 'ana', why: 'node upgrade' });
  expect(await command('show', scene.workflowId)).toMatch(/silenced +silenced by ana until/);
  expect(await command('list')).toContain('by ana until');
  expect(changesSince(scene, begin)).toEqual([]);

  await command('silence', 'end', id, '--actor', 'bo', '--reason', 'done');
  const { record: mended, events } = await untilRecord(world, scene, ({ recovered }) => recovered !== null);
  expect(mended.recovered?.by).toBe('remedy');
  expect(events).toContainEqual(expect.objectContaining({ kind: 'silence-ended', id, by: 'bo' }));
  expect(changesSince(scene, begin)).toEqual(['patch deployments app']);
  expect(messagesOf(scene)).toEqual([]);
});

test('a page that a silence holds goes out when a person ends it, and says who had set it', async () => {
  const scene = world.scenes.held;
  const id = await silence(scene);
  const begin = await broken(scene);
  const { record } = await untilRecord(world, scene, ({ silences }) => silences?.held != null);
  expect(record.pages).toEqual([]);
  expect(messagesOf(scene)).toEqual([]);

  await command('silence', 'end', id, '--actor', 'bo');
  const isPaged = ({ pages }: RecoveryRecord) =>
    pages.some(({ rungs }) => rungs.some(({ tries }) => tries.some(({ taken }) => taken)));
  const { record: paged } = await untilRecord(world, scene, isPaged);
  expect(paged.pages[0]?.rungs[0]?.why).toMatch(/held since .*silenced by ana .*\(node upgrade\), ended by bo$/);
  expect(messagesOf(scene)[0]).toMatchObject({ event: 'trigger' });
  expect(changesSince(scene, begin)).toEqual([]);
});

test('a silence of a real Alertmanager holds too, and its end there lets the remedy go on', async () => {
  const scene = world.scenes.foreign;
  // API v2: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
  const response = await fetch(`${alertmanager.url}/api/v2/silences`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      matchers: [
        { name: 'alertname', value: 'OutOf.*', isRegex: true, isEqual: true },
        { name: 'namespace', value: scene.namespace, isRegex: false, isEqual: true },
      ],
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 600_000).toISOString(),
      createdBy: 'carla',
      comment: 'a new switch',
    }),
  });
  const { silenceID } = z.object({ silenceID: z.string() }).parse(await response.json());
  const begin = await broken(scene);
  const { record } = await untilRecord(world, scene, isSilenced);
  expect(record.silences?.current).toMatchObject({
    ...{ id: silenceID, source: 'alertmanager', by: 'carla', why: 'a new switch' },
  });
  expect(changesSince(scene, begin)).toEqual([]);

  const ended = await fetch(`${alertmanager.url}/api/v2/silence/${silenceID}`, { method: 'DELETE' });
  expect(ended.status).toBe(200);
  await untilRecord(world, scene, ({ recovered }) => recovered !== null);
  expect(changesSince(scene, begin)).toEqual(['patch deployments app']);
});

test('the annotation kintsugi.dev/mode: observe stops the next write in the middle of a remedy until it says auto again', async () => {
  const scene = world.scenes.annotated;
  const annotate = (mode: string) =>
    patchByHand(world.kubernetes, scene.target, { metadata: { annotations: { 'kintsugi.dev/mode': mode } } });
  const isWrite = (method: string, path: string) => isPatchOf(scene)(method, path) && !path.includes('dryRun');
  const held = world.proxy.holdNext(isWrite, 'before answering');
  const begin = await broken(scene);
  await held.reached;
  await annotate('observe');
  await held.release();

  const isStopped = ({ attempts, inFlight }: RecoveryRecord) =>
    attempts[0]?.heldBack != null && attempts[0].actions.length === 1 && inFlight.target === null;
  const { record } = await untilRecord(world, scene, isStopped);
  expect(record.attempts[0]?.heldBack?.why).toMatch(/^kintsugi\.dev\/mode of .* says observe$/);
  expect(await command('show', scene.workflowId)).toMatch(/mode +observe \(kintsugi\.dev\/mode of /);
  expect(changesSince(scene, begin)).toEqual(['patch deployments app']);

  await annotate('auto');
  // The first write has brought the pod up: the second one, which takes it away again, is planned anew and asked about.
  await untilRecord(world, scene, ({ attempts }) => attempts[0]?.stage === 'asked');
  expect(changesSince(scene, begin)).toEqual(['patch deployments app']);
  await command('approve', scene.workflowId, '--actor', 'ana');
  await untilRecord(world, scene, ({ recovered }) => recovered !== null);
  expect(changesSince(scene, begin)).toEqual(['patch deployments app', 'patch deployments app']);
});
