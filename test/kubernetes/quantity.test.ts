import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  compareQuantities,
  equalQuantities,
  formatCpu,
  formatMemory,
  maximum,
  minimum,
  multiplyQuantity,
  parseQuantity,
} from '../../src/kubernetes/quantity.ts';

describe('quantities are equal by value', () => {
  test.each([
    ['1Gi', '1024Mi'],
    ['1.5Gi', '1536Mi'],
    ['1500m', '1.5'],
    ['500m', '0.5'],
    ['1e3', '1k'],
    ['1E3', '1000'],
    ['128974848', '128974848000m'],
    ['2E', '2e18'],
    ['100n', '0.0000001'],
    ['.5', '500m'],
  ])('%s is %s', (a, b) => {
    expect(compareQuantities(a, b)).toBe(0);
    expect(equalQuantities(a, b)).toBe(true);
  });

  test.each([
    ['512Mi', '2Gi'],
    ['900M', '1Gi'],
    ['99m', '100m'],
    ['1G', '1Gi'],
  ])('%s is less than %s', (a, b) => {
    expect(compareQuantities(a, b)).toBe(-1);
    expect(compareQuantities(b, a)).toBe(1);
    expect([maximum(a, b), minimum(a, b)]).toEqual([b, a]);
  });

  test.each(['', '1GB', 'ki', 'Mi', '1 Gi', '1ki', 'one', '1.2.3', '1e99'])('%j is no quantity', (text) => {
    expect(() => parseQuantity(text)).toThrow(`'${text}' is no quantity`);
    expect(equalQuantities(text, '1')).toBe(false);
  });
});

describe('quantities are written as people write them', () => {
  test.each([
    ['1Gi', 1.5, '1536Mi'],
    ['1Gi', 2, '2Gi'],
    ['256Mi', 1.5, '384Mi'],
    ['100M', 1.1, '105Mi'],
  ])('memory %s times %d is %s', (text, factor, product) => {
    expect(multiplyQuantity(text, factor, 'memory')).toBe(product);
  });

  test('cpu in whole CPUs or thousandths', () => {
    expect(multiplyQuantity('1', 1.5, 'cpu')).toBe('1500m');
    expect(multiplyQuantity('500m', 2, 'cpu')).toBe('1');
    expect(formatCpu(parseQuantity('2'))).toBe('2');
  });

  test('writing a whole number of Mi and reading it again keeps the value', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4_000_000 }), (mebibytes) => {
        const quantity = parseQuantity(`${mebibytes}Mi`);
        expect(parseQuantity(formatMemory(quantity))).toBe(quantity);
      }),
    );
  });
});
