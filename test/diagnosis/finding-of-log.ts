import { classify } from '../../src/diagnosis/classify.ts';
import { evidenceOfLogFile } from '../../src/diagnosis/log-file.ts';
import type { Finding } from '../../src/recovery/values.ts';

/** What is found first where nothing is known but the log of a container and how it ended. */
export function findingOf(text: string, exitCode = 1): Finding | undefined {
  return classify(evidenceOfLogFile({ text, exitCode, reason: 'Error' }))[0];
}
