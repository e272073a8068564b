import { describe, expect, test } from '@jest/globals';
import { conflictsIn } from '../../../src/actions/manifests/rehearse.ts';

describe('conflicts of field owners', () => {
  test('are read with manager and field, one or several', () => {
    expect(
      conflictsIn('Apply failed with 1 conflict: conflict with "kubectl-scale" using apps/v1: .spec.replicas'),
    ).toEqual([{ manager: 'kubectl-scale', field: '.spec.replicas' }]);
    const several = [
      'Apply failed with 3 conflicts: conflicts with "helm-controller" using apps/v1:',
      '- .spec.replicas',
      '- .spec.template.spec.containers[name="zeus"].image',
      'conflicts with "kubectl" with subresource "scale":',
      '- .spec.paused',
    ].join('\n');
    expect(conflictsIn(several)).toEqual([
      { manager: 'helm-controller', field: '.spec.replicas' },
      { manager: 'helm-controller', field: '.spec.template.spec.containers[name="zeus"].image' },
      { manager: 'kubectl', field: '.spec.paused' },
    ]);
  });

  test('are none where an object was changed between reading and writing', () => {
    expect(
      conflictsIn('Operation cannot be fulfilled on deployments.apps "zeus": the object has been modified'),
    ).toEqual([]);
  });
});
