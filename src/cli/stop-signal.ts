import { EXIT } from './exit-codes.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** What a signal does now. */
let react = (_signal: NodeJS.Signals): void => process.exit(EXIT.interrupted);
let listening = false;

/** Each signal keeps one listener for good: a signal that arrives while one is exchanged for another would be lost. */
function listen(): void {
  if (listening) return;
  listening = true;
  for (const signal of SIGNALS) process.on(signal, () => react(signal));
}

/** Ends the process at once by Ctrl-C, with the exit code that says so: right for every command that holds nothing. */
export function endOnInterrupt(): void {
  listen();
}

/**
 * Resolves at the first SIGINT or SIGTERM, so that the caller can end in good order; the second ends the process at once.
 * For commands that serve; called before they say that they do.
 */
export function untilStopped(say: (text: string) => void): Promise<void> {
  return new Promise((resolve) => {
    react = (signal) => {
      react = () => process.exit(EXIT.interrupted);
      say(`${signal}: ending what is under way; a second one ends it at once`);
      resolve();
    };
    listen();
  });
}
