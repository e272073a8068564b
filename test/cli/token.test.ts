import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { publicKeyOf } from '../../src/orders/sign.ts';
import { tokenSettings } from '../../src/orders/token-settings.ts';
import { hashOf } from '../../src/orders/tokens.ts';
import { kintsugi, kintsugiJson } from './command.ts';

test('`token new` prints the token once, and the line with its hash that the configuration takes', async () => {
  const { exitCode, stdout } = await kintsugi(['token', 'new', '--name', 'alice', '--role', 'approver']);
  expect(exitCode).toBe(0);
  const [first = '', , ...line] = stdout.split('\n');
  const token = /kt_\S+/.exec(first)?.[0] ?? '';
  expect(line.join('\n')).not.toContain(token);
  expect(tokenSettings.parse(parse(line.join('\n')))).toEqual([
    { name: 'alice', person: 'alice', role: 'approver', sha256: hashOf(token) },
  ]);
}, 60_000);

test('`token order-key` makes both halves of a key, and shows the public one of the key that is set', async () => {
  const { answer } = await kintsugiJson(['token', 'order-key']);
  const { key, publicKey } = answer as { key: string; publicKey: string };
  expect(publicKey).toBe(publicKeyOf(key));
  const again = await kintsugiJson(['token', 'order-key'], { KINTSUGI_ORDER_KEY: key });
  expect(again.answer).toEqual({ publicKey });
}, 60_000);

test('`token new` refuses a role that there is not', async () => {
  const { exitCode, answer } = await kintsugiJson(['token', 'new', '--name', 'alice', '--role', 'root']);
  expect(exitCode).toBe(2);
  expect(answer).toMatchObject({ error: { message: expect.stringContaining('viewer, operator, approver, admin') } });
}, 60_000);
