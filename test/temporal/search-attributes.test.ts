import { needs, provided } from '../needs.ts';

needs('temporal');

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import proto from '@temporalio/proto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { registerSearchAttributes } from '../../src/temporal/search-attributes.ts';

const { INDEXED_VALUE_TYPE_INT } = proto.temporal.api.enums.v1.IndexedValueType;

let temporal: TestWorkflowEnvironment;
beforeAll(async () => {
  temporal = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path: provided('temporal') } },
  });
}, 60_000);
afterAll(() => temporal?.teardown());

test('a search attribute of another type stops the start and says the command that mends it', async () => {
  const { client } = temporal;
  await client.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: { KintsugiCause: INDEXED_VALUE_TYPE_INT },
  });
  await expect(registerSearchAttributes(client)).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('KintsugiCause'),
    fix: expect.stringContaining('temporal operator search-attribute create'),
  });
}, 60_000);
