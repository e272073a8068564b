import type { Finding } from '../../recovery/values.ts';
import type { ContainerTemplate } from '../evidence/workload.ts';
import type { Evidence } from '../evidence.ts';
import { finding } from '../finding.ts';

/** A command other than the runbook's, of a container that is in trouble: a point to look at, no cause by itself. */
export function commandFacts({ workload, pods }: Evidence): Finding[] {
  return (workload?.containers ?? []).flatMap((template) => {
    const { name, declaredCommand } = template;
    const runs = effectiveCommand(template);
    const troubled = pods.some((pod) =>
      pod.containers.some((container) => container.name === name && !container.ready),
    );
    if (!troubled || declaredCommand === undefined || runs === null || isSame(runs.command, declaredCommand)) return [];
    return [
      finding({
        cause: 'unknown',
        container: name,
        subject: 'command',
        score: 15,
        summary: `${name} runs \`${runs.command.join(' ')}\` (${runs.from}), the runbook says \`${declaredCommand.join(' ')}\`.`,
        quotes: [{ source: runs.from, text: runs.command.join(' ') }],
      }),
    ];
  });
}

/**
 * What a container runs: the template's command and args stand in for the image's Entrypoint and Cmd
 * (https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/); null where the image's are not known.
 */
export function effectiveCommand({
  command,
  args,
  imageCommand,
}: Pick<ContainerTemplate, 'command' | 'args' | 'imageCommand'>): { command: string[]; from: string } | null {
  if (command.length > 0) return { command: [...command, ...args], from: 'template' };
  if (imageCommand === undefined) return null;
  const own = args.length > 0 ? args : imageCommand.cmd;
  return { command: [...imageCommand.entrypoint, ...own], from: args.length > 0 ? 'image and template' : 'image' };
}

/** The runbook's words may stand behind an interpreter or a path: `/usr/bin/uvicorn src.main:app` is `uvicorn src.main:app`. */
function isSame(runs: readonly string[], declared: readonly string[]): boolean {
  const words = (command: readonly string[]): string =>
    command.join(' ').replace(/(^| )(?:\/[\w.-]+)+\/(?=[\w.-]+)/g, '$1');
  return ` ${words(runs)} `.includes(` ${words(declared)} `);
}

/** A tag that moved: the pod in trouble runs another image than a healthy one of the same name, which a restart would not tell. */
export function withOtherDigest({ pods }: Evidence, entry: Finding): Finding {
  const own = containerOf(pods, entry.pod, entry.container);
  if (own === undefined || own.digest === '') return entry;
  const healthy = pods
    .filter((pod) => pod.ready)
    .flatMap((pod) => pod.containers)
    .find(
      ({ name, image, digest }) => name === own.name && image === own.image && digest !== '' && digest !== own.digest,
    );
  if (healthy === undefined) return entry;
  const text = `${own.image} is ${short(own.digest)} here and ${short(healthy.digest)} in a pod that is ready: the tag has moved`;
  return { ...entry, quotes: [...entry.quotes.slice(0, 4), { source: 'image digests', text }] };
}

function containerOf(pods: Evidence['pods'], pod: string | undefined, container: string | undefined) {
  return pods.find(({ name }) => name === pod)?.containers.find(({ name }) => name === container);
}

function short(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}
