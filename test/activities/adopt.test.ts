import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { standingUndo } from '../../src/activities/adopt.ts';
import type { Baseline } from '../../src/activities/baseline.ts';
import { KintsugiError } from '../../src/errors.ts';
import { templateHash } from '../../src/kubernetes/template.ts';
import type { Plan } from '../../src/recovery/values.ts';
import { copyPlan, raisePlan } from '../recovery/samples.ts';
import { targetState } from '../verification/objects.ts';

const FORMER = 'recovery/default/test/deployment/app@11111111';
const OWN = 'recovery/default/test/deployment/app@22222222';
const { workload } = targetState();
const log = pino({ level: 'silent' });

/** A plan of the raise about the workload of the tests; `change` adapts its one change. */
function plan(change: object = {}): Plan {
  const changes = raisePlan.changes.map((one) => ({ ...one, object: workload.ref, ...change }));
  return { ...raisePlan, changes };
}

function adopt(
  plans: Plan[],
  options: {
    recoveryId?: string;
    former?: string;
    baseline?: Baseline | null;
    wasCutShort?: (id: string) => Promise<boolean>;
  } = {},
) {
  const { former = FORMER, recoveryId = OWN, baseline = null, wasCutShort = async () => true } = options;
  const recipe = JSON.stringify({ recoveryId: former, plans });
  const annotated = { ...workload, annotations: { 'kintsugi.dev/undo': recipe } };
  return standingUndo({ recoveryId, workload: annotated, baseline, log, wasCutShort });
}

function baselineOf(hash: string): Baseline {
  const target = { namespace: workload.namespace, kind: workload.kind, name: workload.name };
  const rest = { seenAt: '2025-10-15T11:00:00Z', revision: '1', containers: [], references: {} };
  return { target, templateHash: hash, replicas: workload.replicas, ...rest };
}

describe('what a former recovery left on a broken target', () => {
  test('is adopted when Temporal shows that its run was terminated or timed out', async () => {
    const asked: string[] = [];
    const wasCutShort = async (id: string) => asked.push(id) > 0;
    expect(await adopt([plan()], { wasCutShort })).toEqual({ from: FORMER, plans: [plan()] });
    expect(asked).toEqual([FORMER]);
  });

  test('is not when that run is open or ended by itself, or Temporal cannot tell', async () => {
    expect(await adopt([plan()], { wasCutShort: async () => false })).toBeNull();
    const silent = new KintsugiError('unavailable', 'no answer', { where: 'x', fix: 'y' });
    expect(await adopt([plan()], { wasCutShort: () => Promise.reject(silent) })).toBeNull();
  });

  test('is not when it is this very recovery’s own', async () => {
    expect(await adopt([plan()], { former: OWN })).toBeNull();
  });

  test('is not when the target was since seen healthy with it: that remedy worked', async () => {
    expect(await adopt([plan()], { baseline: baselineOf(templateHash(workload.template)) })).toBeNull();
    expect(await adopt([plan()], { baseline: baselineOf('another') })).not.toBeNull();
  });

  test('is not when its recipe reaches for another object, or names no action', async () => {
    expect(await adopt([plan({ object: { ...workload.ref, name: 'another' } })])).toBeNull();
    expect(await adopt([plan({ object: { ...workload.ref, namespace: 'another' } })])).toBeNull();
    const from = { apiVersion: 'v1', kind: 'Secret', namespace: 'another', name: 'password' };
    expect(await adopt([plan({ before: { secret: { from, path: '/data/x', hmac: 'h' } } })])).toBeNull();
    expect(await adopt([{ ...plan(), action: 'drop-everything' }])).toBeNull();
    expect(await adopt([{ ...plan(), changes: [] }])).toBeNull();
  });

  test('is adopted where it is a debug pod of the very workload, also when its template is known to be healthy', async () => {
    const args = { mode: 'copy', container: 'app', image: 'busybox', seconds: 60, templateHash: 'h', pod: 'app-debug' };
    const session = { ...copyPlan, args: { ...args, workload: { ...workload.ref } } };
    const healthy = { baseline: baselineOf(templateHash(workload.template)) };
    expect(await adopt([session], healthy)).toEqual({ from: FORMER, plans: [session] });
    const elsewhere = { ...session, args: { ...args, workload: { ...workload.ref, namespace: 'another' } } };
    expect(await adopt([elsewhere], healthy)).toBeNull();
  });

  test('is not when it is too large for a step’s result', async () => {
    expect(await adopt([{ ...plan(), summary: 'x'.repeat(9000) }])).toBeNull();
  });
});
