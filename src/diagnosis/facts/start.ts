import type { Finding } from '../../recovery/values.ts';
import type { ContainerEvidence, ContainerState, EventEvidence, PodEvidence } from '../evidence/pod.ts';
import type { ContainerTemplate } from '../evidence/workload.ts';
import type { Evidence } from '../evidence.ts';
import { type FindingParts, finding } from '../finding.ts';
import { eventsOf, lastEnd } from '../states.ts';
import { missingReference } from './references.ts';

/** Reasons of a container that could not be made or started (kubernetes pkg/kubelet/kuberuntime, container/sync_result.go). */
const REASONS = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'StartError',
  'ContainerCannotRun',
  'PreStartHookError',
  'PostStartHookError',
  'PreCreateHookError',
]);

/** A container that the kubelet or its runtime could not make or start: the message says which of the causes it is. */
export function startFact(
  evidence: Evidence,
  pod: PodEvidence,
  container: ContainerEvidence,
  template: ContainerTemplate | undefined,
): Finding | null {
  const events = eventsOf(evidence, pod, container);
  const failed = failedStart(container, events);
  if (failed === undefined) return null;
  const message = [failed.message, events.findLast((event) => event.reason === 'Failed')?.message].find(
    (text) => text !== undefined && text !== '',
  );
  const start: Start = { evidence, container, template, reason: failed.reason ?? '', message: message ?? '' };
  const told = READINGS.map((read) => read(start)).find((read) => read !== null) ?? unknownStart(start);
  return finding({
    pod: pod.name,
    container: container.name,
    score: 100,
    quotes: [{ source: `${pod.name} ${container.name} state`, text: `${failed.reason}: ${message ?? ''}` }],
    ...told,
  });
}

/** The state that says so; for a hook that failed the kubelet says it by an event, and the container just ended. */
function failedStart(container: ContainerEvidence, events: EventEvidence[]): ContainerState | undefined {
  const end = lastEnd(container);
  if (REASONS.has(container.state.reason ?? '')) return container.state;
  if (REASONS.has(end?.reason ?? '')) return end;
  const hook = events.findLast((event) => event.reason === 'FailedPostStartHook');
  if (hook === undefined || end === undefined || container.ready) return undefined;
  return { ...end, reason: 'PostStartHookError', message: hook.message };
}

interface Start {
  evidence: Evidence;
  container: ContainerEvidence;
  template: ContainerTemplate | undefined;
  reason: string;
  message: string;
}
type Reading = Pick<FindingParts, 'cause' | 'summary'> & Partial<FindingParts>;

/** In this order: the first that can read the message decides. */
const READINGS: ((start: Start) => Reading | null)[] = [
  missingObject,
  outOfMemoryAtStart,
  notRoot,
  mount,
  workingDirectory,
  notExecutable,
  noSuchCommand,
  otherArchitecture,
  profile,
  refusedBySecurity,
  hook,
  notConfigured,
];

function missingObject({ evidence, container, message }: Start): Reading | null {
  const object = /(secret|configmap) "([^"]+)" not found/i.exec(message);
  const key = /couldn't find key (\S+) in (Secret|ConfigMap) (?:[^/\s]+\/)?(\S+)/i.exec(message);
  if (object === null && key === null) return null;
  const asked = {
    kind: (object?.[1] ?? key?.[2])?.toLowerCase() === 'secret' ? 'Secret' : 'ConfigMap',
    name: object?.[2] ?? key?.[3],
    key: key?.[1],
    who: container.name,
  } as const;
  return { cause: 'missing-config-reference', ...missingReference(evidence, asked) };
}

/** runc: the limit is so small that not even its own init process fits. */
function outOfMemoryAtStart({ container, template, message }: Start): Reading | null {
  if (!/OOM-killed|memory limit too low|cannot allocate memory/i.test(message)) return null;
  const limit = template?.resources.limits.memory;
  return {
    cause: 'oom-killed',
    summary: `${container.name} cannot even be started within its memory limit${limit === undefined ? '' : ` of ${limit}`}.`,
    mend: 'Raise the memory limit.',
  };
}

function notRoot({ container, message }: Start): Reading | null {
  const user = /non-numeric user \((\S+?)\)/.exec(message)?.[1];
  if (!/runAsNonRoot|run as root|breaks non-root policy/i.test(message)) return null;
  return {
    cause: 'permission-denied',
    subject: 'securityContext',
    summary:
      user === undefined
        ? `${container.name} may not be started as its securityContext asks: runAsNonRoot is set, and ${/breaks/.test(message) ? 'runAsUser is 0' : 'its image runs as root'}.`
        : `${container.name} may not be started as its securityContext asks: runAsNonRoot cannot be proven for the image's user ${user}, which is no number.`,
    mend: 'Set runAsUser to a number other than 0, or USER in the Dockerfile.',
  };
}

function mount({ container, message }: Start): Reading | null {
  if (!/mount|subPath|volume/i.test(message) || /exec: "/.test(message)) return null;
  const path = /to rootfs at "([^"]+)"|subPath "([^"]+)"|mountPath "([^"]+)"/.exec(message);
  const at = path?.[1] ?? path?.[2] ?? path?.[3];
  const onto = /not a directory|directory onto a file|file onto a directory|is a directory/i.test(message);
  return {
    cause: 'volume-unavailable',
    ...(at === undefined ? {} : { subject: at }),
    summary: onto
      ? `${container.name} mounts a file where its image has a directory, or the reverse, at ${at ?? 'a mount path'}.`
      : `A volume of ${container.name} cannot be mounted${at === undefined ? '' : ` at ${at}`}: ${message}`,
    mend: onto ? 'Correct mountPath, or use subPath for a single file.' : undefined,
  };
}

function workingDirectory({ container, message }: Start): Reading | null {
  const directory = /chdir to cwd \(\\?"([^"\\]+)\\?"\)/.exec(message)?.[1];
  if (directory === undefined) return null;
  const denied = /permission denied/i.test(message);
  return {
    cause: denied ? 'permission-denied' : 'command-not-found',
    subject: directory,
    summary: `${container.name} cannot start in its working directory ${directory}: ${denied ? 'permission denied' : 'it is not in the image'}.`,
    mend: denied ? undefined : 'Correct workingDir.',
  };
}

const COMMAND = /exec:? \\?"([^"\\]+)\\?"|(?:exec|stat) (\/\S+?):/;

function notExecutable({ container, message }: Start): Reading | null {
  const command = COMMAND.exec(message);
  if (command === null || !/permission denied|is a directory/i.test(message)) return null;
  const subject = command[1] ?? command[2];
  return {
    cause: 'permission-denied',
    subject,
    summary: `${container.name} is to run ${subject}, which ${/is a directory/i.test(message) ? 'is a directory' : 'is not executable (permission denied)'}.`,
    mend: 'Make it executable in the image (chmod +x), or correct command.',
  };
}

function noSuchCommand({ container, template, message }: Start): Reading | null {
  if (/no command specified/i.test(message))
    return {
      cause: 'command-not-found',
      summary: `${container.name} has nothing to run: neither the image nor the template names a command.`,
      mend: 'Set command.',
    };
  if (!/executable file not found|no such file or directory|not a directory/i.test(message)) return null;
  const command = COMMAND.exec(message);
  const subject = command?.[1] ?? command?.[2];
  const own = template?.imageCommand;
  const usual = own === undefined ? [] : [...own.entrypoint, ...own.cmd];
  const from =
    (template?.command.length ?? 0) > 0
      ? "the template's command"
      : (template?.args.length ?? 0) > 0
        ? "the template's args"
        : "the image's command";
  return {
    cause: 'command-not-found',
    subject,
    summary: `${container.name} is to run ${subject ?? 'a command'} that is not in its image (${from}).`,
    mend:
      usual.length > 0 && template?.command.length
        ? `The image itself runs: ${usual.join(' ')}`
        : 'Correct command, or the image.',
  };
}

function otherArchitecture({ container, message }: Start): Reading | null {
  if (!/exec format error/i.test(message)) return null;
  return {
    cause: 'application-startup-failure',
    summary: `The image of ${container.name} is built for another architecture, or its entrypoint has no #! line (exec format error).`,
    mend: "Build it for the node's architecture.",
  };
}

function profile({ container, message }: Start): Reading | null {
  const found = /(seccomp|apparmor)[^"]*(?:profile)?[^"]*?(?:"([^"]+)"|: open (\S+):)/i.exec(message);
  if (found === null || !/seccomp|apparmor/i.test(message)) return null;
  const what = `${found[1]?.toLowerCase()} profile ${found[2] ?? found[3] ?? ''}`.trim();
  return {
    cause: 'configuration-error',
    subject: what,
    summary: `${container.name} asks for ${what}, which its node cannot load: ${message}`,
  };
}

function refusedBySecurity({ container, message }: Start): Reading | null {
  if (
    !/permission denied|operation not permitted|RunAsUser|unable to find user|no matching entries in passwd/i.test(
      message,
    )
  )
    return null;
  const user = /unable to find user (\S+?):/.exec(message)?.[1];
  return {
    cause: 'permission-denied',
    subject: user ?? 'securityContext',
    summary:
      user === undefined
        ? `${container.name} may not be started as its securityContext asks: ${message}`
        : `${container.name} is to run as user ${user}, who is not in its image.`,
  };
}

function hook({ container, reason, message }: Start): Reading | null {
  if (!/HookError$/.test(reason)) return null;
  const name = reason.startsWith('Post') ? 'postStart' : 'preStart';
  return {
    cause: 'unknown',
    subject: name,
    score: 86,
    summary: `${container.name} is ended because its ${name} hook fails: ${message}`,
    mend: `Correct lifecycle.${name}.`,
  };
}

function notConfigured({ container, reason, message }: Start): Reading | null {
  if (reason !== 'CreateContainerConfigError') return null;
  return {
    cause: 'missing-config-reference',
    score: 80,
    summary: `${container.name} cannot be configured: ${message}`,
  };
}

function unknownStart({ container, reason, message }: Start): Reading {
  return { cause: 'unknown', score: 60, summary: `${container.name} cannot be started (${reason}): ${message}` };
}
