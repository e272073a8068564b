import type { ContainerTemplate } from './evidence/workload.ts';
import type { Evidence } from './evidence.ts';

/**
 * Who has the port that a container could not bind, as far as the template tells, in one sentence: a second container of the
 * pod (they share its network), the node itself, or a second process that the container's own command starts.
 */
export function portOwner(evidence: Evidence, container: string, subject: string | undefined): string {
  const containers = evidence.workload?.containers ?? [];
  const own = containers.find(({ name }) => name === container);
  if (own === undefined) return '';
  const port = Number(/(\d+)$/.exec(subject ?? '')?.[1] ?? own.ports?.[0]?.port);
  const other = containers.find(
    (candidate) => candidate.name !== container && candidate.role !== 'init' && portsOf(candidate).includes(port),
  );
  if (other !== undefined) return ` Container ${other.name} of the same pod has port ${port} too.`;
  const host = own.ports?.find((one) => one.port === port)?.hostPort;
  if (host !== undefined) return ` It takes port ${host} of its node, which another program there may have.`;
  const twice = startedTwice(own);
  const changed = (evidence.difference?.changes ?? []).some(
    (change) => change.container === container && /^(?:command|args)$/.test(change.what),
  );
  const since = changed ? `; the command was changed since ${evidence.difference?.against}` : '';
  if (twice !== undefined) return ` Its command starts ${twice} more than once${since}.`;
  return changed ? ` Two of its processes want the same port${since}.` : '';
}

function portsOf({ ports = [] }: ContainerTemplate): number[] {
  return ports.map(({ port }) => port);
}

/** A program that a shell command starts in the background and again. */
function startedTwice({ command, args }: ContainerTemplate): string | undefined {
  const starts = [...command, ...args]
    .join(' ')
    .split(/&&?|\|\||;|\n/)
    .map((part) => /^\s*(?:exec\s+|\S+\s+-c\s+)?(\S+)/.exec(part)?.[1] ?? '');
  return starts.find((program, index) => program !== '' && starts.indexOf(program) !== index);
}
