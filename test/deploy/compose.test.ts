import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '..', '..');
const service = z.object({ environment: z.record(z.string(), z.string()).default({}) });
const compose = z
  .object({ services: z.object({ gateway: service, worker: service }) })
  .parse(parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')));

test('each of gateway and worker is given its half of the order key, and neither the other’s', () => {
  const { gateway, worker } = compose.services;
  expect(gateway.environment).toMatchObject({ KINTSUGI_ORDER_KEY: expect.stringContaining('KINTSUGI_ORDER_KEY:-') });
  expect(worker.environment).toMatchObject({
    KINTSUGI_ORDER_PUBLIC_KEY: expect.stringContaining('KINTSUGI_ORDER_PUBLIC_KEY:-'),
  });
  expect(Object.keys(gateway.environment)).not.toContain('KINTSUGI_ORDER_PUBLIC_KEY');
  expect(Object.keys(worker.environment)).not.toContain('KINTSUGI_ORDER_KEY');
});
