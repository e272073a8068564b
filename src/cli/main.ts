import { EXIT } from './exit-codes.ts';
import { reportFailure } from './failure.ts';
import { createProgram } from './program.ts';
import { endOnInterrupt } from './stop-signal.ts';

/** Runs the command line: bin/kintsugi.mjs starts this file. */

// A reader that has seen enough (`kintsugi list | head`) ends the command without a word.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});
endOnInterrupt();

try {
  await createProgram().parseAsync(process.argv);
} catch (thrown) {
  process.exitCode = reportFailure(thrown, process.argv.includes('--json') ? { json: true } : {});
}
