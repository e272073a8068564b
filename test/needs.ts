import { existingBinary } from '../dev/build/binaries.ts';
import { findOnPath } from '../dev/build/commands.ts';

/**
 * What a test file may need besides Node; the runner (`npm test`) provides them and starts no file whose needs are unmet.
 * `alone`: the processors to itself, since it holds Kintsugi to a bound of time.
 */
export type Need =
  | 'alone'
  | 'cluster'
  | 'temporal'
  | 'java'
  | 'docker'
  | 'browser'
  | 'promtool'
  | 'flux'
  | 'snapshots'
  | 'go';

const PROVIDED: Record<Need, () => string | undefined> = {
  alone: () => 'alone',
  cluster: () => process.env.KINTSUGI_TEST_KUBECONFIG,
  temporal: () => process.env.KINTSUGI_TEST_TEMPORAL ?? existingBinary('temporal'),
  java: () => process.env.KINTSUGI_TEST_TIME_SKIPPING ?? existingBinary('temporal-test-server'),
  docker: () => process.env.KINTSUGI_TEST_DOCKER,
  browser: () => process.env.KINTSUGI_TEST_BROWSER,
  promtool: () => process.env.KINTSUGI_TEST_PROMTOOL,
  snapshots: () => process.env.KINTSUGI_TEST_SNAPSHOTS ?? existingBinary('csi-snapshotter'),
  go: () => findOnPath('go'),
  flux: () => process.env.KINTSUGI_TEST_FLUX ?? existingBinary('kustomize-controller'),
};

/** Declares what a test file needs, as its first statement. Throws, naming what is missing, when it is not there. */
export function needs(...names: Need[]): void {
  const missing = names.filter((name) => PROVIDED[name]() === undefined);
  if (missing.length > 0)
    throw new Error(`this file needs ${missing.join(', ')}: run it by npm test, which provides them`);
}

/** The path that stands for a need: the kubeconfig, the server's program. Throws when it is missing. */
export function provided(name: Need): string {
  const path = PROVIDED[name]();
  if (path === undefined) throw new Error(`${name} is not provided: run the file by npm test`);
  return path;
}
