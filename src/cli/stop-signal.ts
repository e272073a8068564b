import { EXIT } from './exit-codes.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

const interrupt = (): void => process.exit(EXIT.interrupted);

/** Ends the process at once by Ctrl-C, with the exit code that says so: right for every command that holds nothing. */
export function endOnInterrupt(): void {
  process.on('SIGINT', interrupt);
}

/**
 * Resolves at the first SIGINT or SIGTERM, so that the caller can end in good order; the second ends the process at once.
 * For commands that serve.
 */
export function untilStopped(say: (text: string) => void): Promise<void> {
  process.off('SIGINT', interrupt);
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (asked) process.exit(EXIT.interrupted);
        asked = true;
        say(`${signal}: ending what is under way; a second one ends it at once`);
        resolve();
      });
    }
  });
}
