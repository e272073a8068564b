import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { z } from 'zod';
import { commands } from './registry.ts';

const packageSchema = z.object({ version: z.string(), description: z.string() });

/** The whole command line, not yet run: every command that the registry has. What commander complains about is thrown. */
export function createProgram(): Command {
  const { version, description } = readPackage();
  const program = new Command('kintsugi')
    .description(description)
    .version(version)
    .exitOverride()
    // What is wrong is told once, in our own shape, by who catches it.
    .configureOutput({ outputError: () => undefined })
    .addHelpText('after', EXIT_CODES);
  for (const register of Object.values(commands)) register(program);
  return program;
}

const EXIT_CODES = `
Exit codes: 0 done, healthy or valid; 1 answered, but bad; 2 wrong flag or configuration; 3 unreachable; 4 order refused;
130 interrupted. Settings are environment variables: docs/reference/configuration.md.`;

/** package.json lies two folders above src/cli and above dist/cli. */
function readPackage(): z.infer<typeof packageSchema> {
  return packageSchema.parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')));
}
