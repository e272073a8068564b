import { finished } from 'node:stream/promises';
import { KintsugiError } from '../../src/errors.ts';
import type { ContainerShell } from '../../src/kubernetes/container-files.ts';
import type { ExecResult, ExecStreams } from '../../src/kubernetes/exec.ts';

/** What a program does when it is run: it prints, reads its input, ends with a code, or throws as an exec that failed does. */
export type Program = (
  args: string[],
  stdin: () => Promise<Buffer>,
) => Promise<Partial<ExecResult> & { output?: Buffer }>;

/** A container that cannot be had on a cluster: each program does what a test says, and all runs are noted. */
export function fakeContainer(programs: Record<string, Program>): ContainerShell & { ran: string[][] } {
  const ran: string[][] = [];
  return {
    where: 'pod test/app-1, container app',
    ran,
    async run(command, streams) {
      ran.push(command);
      const [name = '', ...args] = command;
      const program = programs[name];
      if (program === undefined) throw missing(name);
      const { output = Buffer.alloc(0), ...result } = await program(args, () => read(streams)).catch((error: Error) => {
        streams.stdout?.destroy(error);
        throw error;
      });
      await print(streams, output);
      const stdout = streams.stdout === undefined ? output.toString() : '';
      return { exitCode: 0, stderr: '', cut: false, stdout, ...result };
    },
  };
}

/** As {@link execInPod} says it. */
export function missing(name: string): KintsugiError {
  return new KintsugiError('not-found', `${name} is not in the image`, {
    where: 'test',
    fix: 'Use an image that has it.',
  });
}

async function read({ stdin }: ExecStreams): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stdin ?? []) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function print({ stdout }: ExecStreams, output: Buffer): Promise<void> {
  if (stdout === undefined) return;
  stdout.end(output);
  await finished(stdout).catch(() => undefined);
}
