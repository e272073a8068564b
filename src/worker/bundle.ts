import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundle } from '@temporalio/worker';

/** Where the build leaves the bundle: `dist/workflow-bundle.js` beside the compiled sources. */
const PREBUILT = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));

/** This file's ending: `.ts` in a checkout, `.js` in dist/. */
const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** Absolute path of the converter that reads every payload without throwing; the worker's own thread loads it too. */
export const payloadConverterPath = fileURLToPath(new URL(`../workflows/payload-converter.${ending}`, import.meta.url));

/**
 * Bundles the workflows: one to three seconds of work. The check of signatures is loaded once for all recoveries: its table of
 * points is over 1 MB, and the same for each.
 */
export function buildWorkflowBundle(): Promise<WorkflowBundle> {
  const pathOf = (module: string) => fileURLToPath(new URL(`../workflows/${module}.${ending}`, import.meta.url));
  return bundleWorkflowCode({
    workflowsPath: pathOf('index'),
    preloadModules: [pathOf('order-proof')],
    payloadConverterPath,
    logger: new DefaultLogger('ERROR'),
  });
}

/** The prebuilt bundle of an installed package; in a checkout it is made now. */
export async function workflowBundle(): Promise<WorkflowBundle | { codePath: string }> {
  return existsSync(PREBUILT) ? { codePath: PREBUILT } : buildWorkflowBundle();
}
