import { homedir } from 'node:os';
import { join } from 'node:path';

/** Receives one line of progress at a time, without its line end; entry points print them to stderr. */
export type Progress = (line: string) => void;

/** The folder for everything that can be made again: KINTSUGI_CACHE, else ~/.cache/kintsugi. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return environment.KINTSUGI_CACHE || join(homedir(), '.cache', 'kintsugi');
}
