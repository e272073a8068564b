import { describe, expect, test } from '@jest/globals';
import { harmText, isDestructive } from '../../src/recovery/destructive.ts';
import type { Plan } from '../../src/recovery/values.ts';
import { raisePlan, waitPlan } from './samples.ts';

describe('a plan is destructive', () => {
  test.each<[string, Partial<Plan>, string]>([
    ['where its risk is high', { risk: 'high' }, 'is of high risk'],
    ['where data may be lost by it', { risk: 'medium', dataLoss: 'what was written since' }, 'may lose data'],
    ['where it stops the workload', { risk: 'medium', harm: 'stops-workload' }, 'stops the workload'],
    ['where it takes or replaces state', { risk: 'medium', harm: 'replaces-state' }, 'takes or replaces state'],
    ['where it redeploys the target', { harm: 'redeploys' }, 'redeploys the target'],
  ])('%s, whichever action of the remedy it is', (_, change, text) => {
    const plans = [raisePlan, { ...raisePlan, ...change }, waitPlan];
    expect(isDestructive(plans)).toBe(true);
    expect(harmText(plans)).toBe(text);
  });

  test('not by a medium risk alone, nor where an older record says nothing of harm', () => {
    expect(isDestructive([{ ...raisePlan, risk: 'medium' }, waitPlan])).toBe(false);
    expect(harmText([raisePlan])).toBeNull();
  });
});
