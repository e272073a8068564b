import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { z } from 'zod';
import type { Namespaces } from '../../dev/workloads/namespaces.ts';
import type { Observer } from '../../dev/world/recovery.ts';
import type { World } from '../../dev/world/world.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { startObservedWorld } from '../cluster/observed-world.ts';
import { begin, callsOf, pagesOf, reached, type Story } from '../cluster/recovery-story.ts';
import { needs } from '../needs.ts';

needs('cluster', 'temporal');

jest.setTimeout(10 * 60_000);

/** The sessions of the fault need about 1.3 GiB: this raise is too small for them, and hardly lengthens a container's life. */
const TOO_SMALL = { request: '512Mi', limit: '1152Mi', factor: 1.05, cap: '1152Mi' };
const AGENT_BRUNO = 'agent-bruno-pod-crash-loop';
const OOM_KILLED = 4;
const SET_RESOURCES = 1;
const MEMORY = ['spec', 'causes', OOM_KILLED, 'remedies', 0, 'actions', SET_RESOURCES, 'set-resources', 'memory'];

let world: World;
let observer: Observer;
let namespaces: Namespaces;
let stop: (() => Promise<void>) | undefined;

beforeAll(async () => {
  ({ world, observer, namespaces, stop } = await startObservedWorld('undo', {
    runbooks: { set: [{ runbook: AGENT_BRUNO, path: MEMORY, value: TOO_SMALL }] },
  }));
});

afterAll(() => stop?.());

describe('sessions that the raised memory does not hold either', () => {
  let story: Story;
  let record: RecoveryRecord;
  let before: unknown;

  beforeAll(async () => {
    before = await templateNow();
    story = await begin(world, 'memory');
    const paged = ({ recovered, pages }: RecoveryRecord) =>
      recovered !== null || pages.some(({ rungs }) => rungs.some(({ tries }) => tries.some(({ taken }) => taken)));
    ({ record } = await reached(observer, story, paged));
  });

  test('are tried to be held once, and the template afterwards equals the one before', async () => {
    expect(record.recovered).toBeNull();
    expect(record.attempts[0]).toMatchObject({ cause: 'oom-killed', remedy: 'raise-memory', stage: 'undone' });
    expect(callsOf(world, story).changes).toEqual(['patch deployments agent-bruno', 'patch deployments agent-bruno']);
    expect(await templateNow()).toEqual(before);
  });

  test('page at once, with what was tried and undone, the six written steps and the checklist filled in', () => {
    const pages = pagesOf(world, story).filter(({ body }) => body.event === 'trigger');
    expect(pages).toHaveLength(1);
    const page = pageSchema.parse(pages[0]?.body);
    expect(pages[0]?.at).toBeLessThan(Date.parse(record.episode.deadline));
    expect(page.attempts[0]).toMatchObject({ remedy: 'raise-memory', cause: 'oom-killed', undone: true });
    expect(page.holds).toEqual([]);
    expect(page.steps.map(({ id }) => id)).toEqual(STEPS);
    expect(page.steps.filter(({ found }) => found === '')).toEqual([]);
    expect(page.checklist).toHaveLength(10);
    expect(page.checklist.filter(({ saw }) => saw === '')).toEqual([]);
  });
});

const STEPS = ['recent-changes', 'cluster-issues', 'dependencies', 'application-changes', 'contact', 'rollback'];

/** What the test reads of a page (contracts.md, "Page webhook"). */
const pageSchema = z.object({
  attempts: z.array(z.looseObject({ remedy: z.string(), cause: z.string(), undone: z.boolean() })),
  holds: z.array(z.string()),
  steps: z.array(z.object({ id: z.string(), found: z.string() })),
  checklist: z.array(z.object({ id: z.string(), state: z.string(), saw: z.string() })),
});

/** Paths of a pod template that are bookkeeping and no change (safety 16); everything else has to be equal. */
const BOOKKEEPING = ['kubectl.kubernetes.io/restartedAt'];

async function templateNow(): Promise<unknown> {
  const name = { name: 'agent-bruno', namespace: namespaces.bruno };
  const { spec } = await world.kubernetes.apps.readNamespacedDeployment(name);
  const { metadata, ...template } = spec?.template ?? {};
  const annotations = Object.entries(metadata?.annotations ?? {}).filter(([key]) => !BOOKKEEPING.includes(key));
  return { ...template, metadata: { ...metadata, annotations: Object.fromEntries(annotations) } };
}
