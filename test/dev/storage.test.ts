import { expect, jest, test } from '@jest/globals';
import { run } from '../../dev/build/commands.ts';
import { recipeFolder } from '../../dev/build/recipes.ts';
import { needs } from '../needs.ts';

needs('go');

// Go compiles the tests first, two minutes where nothing of the module was built before.
jest.setTimeout(600_000);

test('the CSI driver and its provisioner pass their own tests and those of the CSI project', async () => {
  const environment = { CGO_ENABLED: '0', GOWORK: 'off' };
  const output = await run('go', ['test', '-trimpath', './...'], { folder: recipeFolder('storage'), environment });
  expect(output).toMatch(/^ok\s+kintsugi\.dev\/build\/storage\s/);
});
