import { describe, expect, test } from '@jest/globals';
import { hasBegun, type Live, nextStep, nextUndoStep, type Replacement } from '../../../src/actions/volume/steps.ts';

const plan: Replacement = {
  claim: { namespace: 'kosmos', name: 'zeus-data', uid: 'old' },
  volume: { name: 'pv-old', reclaimPolicy: 'Delete' },
  snapshot: 'nightly',
};
const { snapshot: _, ...onlyDeleted } = plan;

type Claim = NonNullable<Live['claim']>;
const former: Claim = { uid: 'old', deleting: false, bound: true, volume: 'pv-old', madeBy: 'other' };
const restored: Claim = { uid: 'new', deleting: false, bound: true, volume: 'pv-new', madeBy: 'restore' };
const { volume: _none, ...unbound } = { ...restored, bound: false };
const rebound: Claim = { uid: 'third', deleting: false, bound: true, volume: 'pv-old', madeBy: 'rebind' };
const deletable = { reclaimPolicy: 'Delete', heldFor: 'old', marked: false, available: false };
const kept = { reclaimPolicy: 'Retain', heldFor: 'old', marked: true, available: false };

function live(over: Partial<Live>): Live {
  return { claim: former, volume: kept, bindsAtOnce: true, snapshot: 'usable', holders: [], ...over };
}

describe('replacing a claim', () => {
  test.each<[string, Replacement, Partial<Live>, object]>([
    ['begins with keeping the volume', plan, { volume: deletable }, { do: 'retain' }],
    ['does not trust a policy that it has not written', plan, { volume: { ...kept, marked: false } }, { do: 'retain' }],
    [
      'does not trust a mark without the policy',
      plan,
      { volume: { ...kept, reclaimPolicy: 'Delete' } },
      { do: 'retain' },
    ],
    ['deletes the claim once the volume is read to be kept', plan, {}, { do: 'delete-claim' }],
    ['stops before anything while somebody holds it', plan, { holders: ['pod a'] }, { do: 'stop', code: 'in-use' }],
    ['stops before anything without its snapshot', plan, { snapshot: 'gone' }, { do: 'stop', code: 'snapshot-gone' }],
    ['stops before anything while the snapshot is not ready', plan, { snapshot: 'unusable' }, { do: 'stop' }],
    ['stops without the volume', plan, { volume: null }, { do: 'stop', code: 'volume-gone' }],
    ['waits for the claim to be gone', plan, { claim: { ...former, deleting: true } }, { do: 'wait' }],
    ['makes the claim anew', plan, { claim: null }, { do: 'create-claim' }],
    ['stops where the snapshot went with the claim gone', plan, { claim: null, snapshot: 'gone' }, { do: 'stop' }],
    ['waits for the new claim to be bound', plan, { claim: unbound }, { do: 'wait' }],
    [
      'does not wait for a class that binds at the first pod',
      plan,
      { claim: unbound, bindsAtOnce: false },
      { do: 'done' },
    ],
    [
      'stops where the snapshot went before its data was read',
      plan,
      { claim: unbound, snapshot: 'gone' },
      { do: 'stop' },
    ],
    ['is done with the new claim bound', plan, { claim: restored }, { do: 'done' }],
    ['is done, though the snapshot went since', plan, { claim: restored, snapshot: 'gone' }, { do: 'done' }],
    ['stops at a claim of another hand', plan, { claim: { ...restored, madeBy: 'other' } }, { code: 'claim-foreign' }],
    ['only deleted, needs no snapshot', onlyDeleted, { snapshot: 'gone' }, { do: 'delete-claim' }],
    ['only deleted, is done when the claim is gone', onlyDeleted, { claim: null }, { do: 'done' }],
    [
      'only deleted, is done when another took its name',
      onlyDeleted,
      { claim: { ...restored, madeBy: 'other' } },
      { do: 'done' },
    ],
  ])('%s', (_sentence, of, state, expected) => {
    expect(nextStep(of, live(state))).toMatchObject(expected);
  });
});

describe('putting the claim back', () => {
  const released = { ...kept, heldFor: 'old' };
  const { heldFor: _held, ...cleared } = kept;
  const free = { ...cleared, available: true };
  test.each<[string, Partial<Live>, object]>([
    ['is nothing where nothing was done', { volume: deletable }, { do: 'done' }],
    ['gives back the policy where the claim was not deleted', {}, { do: 'restore-policy' }],
    ['gives back the mark too', { volume: { ...kept, reclaimPolicy: 'Delete' } }, { do: 'restore-policy' }],
    ['waits for a claim on its way out', { claim: { ...former, deleting: true } }, { do: 'wait' }],
    ['frees the volume of the claim that is gone', { claim: null, volume: released }, { do: 'free-volume' }],
    ['waits for the controller to see it free', { claim: null, volume: cleared }, { do: 'wait' }],
    ['binds the free volume', { claim: null, volume: free }, { do: 'rebind-claim' }],
    ['waits for the binding', { claim: { ...rebound, bound: false }, volume: free }, { do: 'wait' }],
    ['gives back the policy last', { claim: rebound, volume: { ...kept, heldFor: 'third' } }, { do: 'restore-policy' }],
    ['is done then', { claim: rebound, volume: { ...deletable, heldFor: 'third' } }, { do: 'done' }],
    ['keeps the restored volume', { claim: restored, newVolume: { reclaimPolicy: 'Delete' } }, { do: 'retain-new' }],
    [
      'then deletes the restored claim',
      { claim: restored, newVolume: { reclaimPolicy: 'Retain' } },
      { do: 'delete-new-claim' },
    ],
    ['deletes a restored claim that was never bound', { claim: unbound }, { do: 'delete-new-claim' }],
    ['waits while pods hold the restored claim', { claim: restored, holders: ['pod a'] }, { do: 'wait' }],
    ['waits for the restored claim to be gone', { claim: { ...restored, deleting: true } }, { do: 'wait' }],
    [
      'replaces a claim that a StatefulSet made anew',
      { claim: { ...restored, madeBy: 'controller' }, newVolume: { reclaimPolicy: 'Retain' } },
      { do: 'delete-new-claim' },
    ],
    ['refuses over a claim of another hand', { claim: { ...restored, madeBy: 'other' } }, { do: 'refuse' }],
    ['refuses without the volume', { claim: null, volume: null }, { do: 'refuse' }],
    [
      "refuses a volume that is another claim's by now",
      { claim: null, volume: { ...kept, heldFor: 'x' } },
      { do: 'refuse' },
    ],
  ])('%s', (_sentence, state, expected) => {
    expect(nextUndoStep(plan, live(state))).toMatchObject(expected);
  });
});

/** What a step does to the live objects, as the cluster would. */
function become(step: string, state: Live): Live {
  switch (step) {
    case 'retain':
      return { ...state, volume: kept };
    case 'delete-claim':
    case 'delete-new-claim':
      return { ...state, claim: null, newVolume: null };
    case 'create-claim':
      return { ...state, claim: restored, newVolume: { reclaimPolicy: 'Delete' } };
    case 'retain-new':
      return { ...state, newVolume: { reclaimPolicy: 'Retain' } };
    case 'free-volume':
      return { ...state, volume: { reclaimPolicy: 'Retain', marked: true, available: true } };
    case 'rebind-claim':
      return { ...state, claim: rebound, volume: { ...kept, heldFor: 'third' } };
    case 'restore-policy':
      return {
        ...state,
        volume: { ...deletable, ...(state.volume?.heldFor === undefined ? {} : { heldFor: state.volume.heldFor }) },
      };
    default:
      throw new Error(`nothing comes after ${step}`);
  }
}

describe('a worker killed after any of the steps', () => {
  const courses: Live[] = [live({ volume: deletable })];
  for (let state = courses[0]; state !== undefined; ) {
    const { do: step } = nextStep(plan, state);
    if (step === 'done') break;
    state = become(step, state);
    courses.push(state);
  }

  test('is followed by one that ends at the restored claim', () => {
    expect(courses.map((state) => nextStep(plan, state).do)).toEqual([
      'retain',
      'delete-claim',
      'create-claim',
      'done',
    ]);
    expect(courses.map((state) => hasBegun(plan, state))).toEqual([false, true, true, true]);
  });

  test.each([0, 1, 2, 3])('can be undone from step %i to the claim, volume and policy of before', (index) => {
    let state = courses[index] ?? live({});
    for (let count = 0; nextUndoStep(plan, state).do !== 'done'; count += 1) {
      expect(count).toBeLessThan(8);
      state = become(nextUndoStep(plan, state).do, state);
    }
    expect(state.claim?.volume).toBe('pv-old');
    expect(state.volume).toMatchObject({ reclaimPolicy: 'Delete', marked: false, heldFor: state.claim?.uid });
  });
});
