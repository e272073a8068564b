import { expect, test } from '@jest/globals';
import { slowest } from '../../dev/testing/jest.ts';

test('files are told by how long they took, a short one only where it failed', () => {
  const told = slowest(
    [
      { file: 'test/a.test.ts', passed: true, seconds: 3 },
      { file: 'test/b.test.ts', passed: true, seconds: 30 },
      { file: 'test/c.test.ts', passed: false, seconds: 1 },
      { file: 'test/d.test.ts', passed: false, seconds: 443 },
    ],
    20,
  );
  expect(told).toEqual([
    '  443 s  FAILED  test/d.test.ts',
    '   30 s  passed  test/b.test.ts',
    '    1 s  FAILED  test/c.test.ts',
  ]);
});
