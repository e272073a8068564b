import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { keyFile, orderPublicKeys, withKeys } from '../../src/cli/up/keys.ts';
import { loadConfiguration } from '../../src/configuration/configuration.ts';
import { publicKeyOf } from '../../src/orders/sign.ts';

describe('the keys of one machine', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'kintsugi-home-'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  test('are made once, for their owner alone, and found again', () => {
    const first = withKeys({}, home);
    expect(first.KINTSUGI_REDACTION_KEY).toMatch(/^[0-9a-f]{64}$/);
    expect(first.KINTSUGI_GATEWAY_TOKEN).toMatch(/^[0-9a-f]{64}$/);
    expect(first.KINTSUGI_ORDER_KEY).toMatch(/^[0-9a-f]{64}$/);
    expect(first.KINTSUGI_GATEWAY_TOKEN).not.toBe(first.KINTSUGI_REDACTION_KEY);
    expect(statSync(keyFile(home, 'KINTSUGI_REDACTION_KEY')).mode & 0o777).toBe(0o600);
    expect(withKeys({}, home)).toEqual(first);
  });

  test('stay as they are given, by value or by file', () => {
    const given = {
      KINTSUGI_REDACTION_KEY: 'k'.repeat(32),
      KINTSUGI_GATEWAY_TOKEN_FILE: '/run/token',
      KINTSUGI_ORDER_KEY_FILE: '/run/order-key',
    };
    expect(withKeys(given, home)).toEqual(given);
  });

  test('verify the orders that this machine signs, unless other public keys are given', () => {
    const own = loadConfiguration(withKeys({}, home));
    expect(orderPublicKeys(own)).toEqual([publicKeyOf(own.orderKey ?? '')]);
    const other = 'cd'.repeat(32);
    expect(orderPublicKeys({ ...own, orderPublicKeys: [other] })).toEqual([other]);
  });

  test('are refused with the folder named when they cannot be kept', () => {
    const file = join(home, 'file');
    writeFileSync(file, '');
    expect(() => withKeys({}, file)).toThrow('the key file cannot be used');
  });
});
