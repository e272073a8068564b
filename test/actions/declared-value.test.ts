import { describe, expect, test } from '@jest/globals';
import { declaredValue } from '../../src/actions/plan/variable.ts';

const template = {
  spec: {
    containers: [
      {
        name: 'app',
        env: [
          { name: 'LEVEL', value: 'lots' },
          { name: 'URL', valueFrom: { secretKeyRef: { name: 'app', key: 'URL' } } },
        ],
      },
    ],
  },
};
const set = (variable: string, value: string, container = 'app') =>
  declaredValue(template, { container, variable }, value);

describe("the runbook's value of a variable is set", () => {
  test('in its place, or at the end where there was none', () => {
    expect(set('LEVEL', 'info')).toMatchObject({
      template: { spec: { containers: [{ env: [{ name: 'LEVEL', value: 'info' }, { name: 'URL' }] }] } },
    });
    expect(set('PORT', '8080')).toMatchObject({
      template: { spec: { containers: [{ env: [{}, {}, { name: 'PORT', value: '8080' }] }] } },
    });
  });

  test('never over what comes from elsewhere', () => {
    expect(set('URL', 'redis://r')).toMatchObject({ refusal: { code: 'value-from' } });
  });

  test('not where it is that already, and not in a container that is not there', () => {
    expect(set('LEVEL', 'lots')).toMatchObject({ refusal: { code: 'not-changed' } });
    expect(set('LEVEL', 'info', 'other')).toMatchObject({ refusal: { code: 'not-found' } });
  });
});
