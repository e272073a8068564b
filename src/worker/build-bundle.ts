import { writeFileSync } from 'node:fs';
import { buildWorkflowBundle } from './bundle.ts';

/** `node build-bundle.js FILE`: writes the workflows' bundle, once at build time, so that a worker starts without bundling. */
const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('build-bundle: name the file to write, e.g. dist/workflow-bundle.js\n');
  process.exit(2);
}
const { code } = await buildWorkflowBundle();
writeFileSync(file, code);
