import { type Command, Option } from 'commander';
import { z } from 'zod';
import { reasonOption } from './options.ts';
import { registerOrder } from './order-command.ts';

const flags = z.object({
  image: z.string().optional(),
  duration: z.string().optional(),
  mode: z.string().optional(),
  container: z.string().optional(),
});

/** `kintsugi debug ID`: the order `run` of the action debug-session. */
export default function register(program: Command): void {
  const description = "start a debug session: a sleeping container in the target's environment, for a shell";
  const options = [
    new Option('--image <image>', 'what runs in it; busybox:latest if not given'),
    new Option('--duration <duration>', 'after this it ends by itself, e.g. 30m; an hour if not given'),
    new Option(
      '--mode <mode>',
      'a copy beside the target, or in its place (only where nothing of it is ready)',
    ).choices(['copy', 'in-place']),
    new Option('--container <name>', "whose environment; the runbook's container if not given"),
    reasonOption(),
  ];
  registerOrder(program, 'run', description, options, {
    name: 'debug',
    fields: (given) => ({ action: 'debug-session', params: paramsOf(given) }),
  });
}

function paramsOf(given: Record<string, unknown>): { [name: string]: string } {
  const entries = Object.entries(flags.parse(given)).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(entries);
}
