import type { Finding, Quote } from '../recovery/values.ts';
import type { ContainerEvidence, ContainerState, EventEvidence, Evidence, PodEvidence } from './evidence.ts';
import { finding } from './finding.ts';

/**
 * What the kubelet, the scheduler and the controllers themselves say: container states, exit codes, waiting reasons, events.
 * These facts outrank log lines.
 */
export function kubeletFacts(evidence: Evidence): Finding[] {
  return evidence.pods.flatMap((pod) => [
    ...podFacts(pod),
    ...pod.containers.flatMap((container) => containerFacts(pod, container, eventsOf(evidence, pod, container))),
  ]);
}

/** How a container last ended, if it did. */
export function lastEnd(container: ContainerEvidence): ContainerState | undefined {
  if (container.state.kind === 'terminated') return container.state;
  return container.lastState?.kind === 'terminated' ? container.lastState : undefined;
}

/** Events of the pod that name this container or none. */
export function eventsOf(evidence: Evidence, pod: PodEvidence, container?: ContainerEvidence): EventEvidence[] {
  return evidence.events.filter(
    (event) =>
      (event.object === undefined || event.object === `Pod/${pod.name}`) &&
      (container === undefined || event.container === undefined || event.container === container.name),
  );
}

export function eventQuote(event: EventEvidence): Quote {
  return {
    source: event.object === undefined ? 'event' : `${event.object} event`,
    text: `${event.reason}: ${event.message}`,
  };
}

function containerFacts(pod: PodEvidence, container: ContainerEvidence, events: EventEvidence[]): Finding[] {
  const place = { pod: pod.name, container: container.name };
  const end = lastEnd(container);
  if (end?.reason === 'OOMKilled' || events.some((event) => event.reason === 'OOMKilling')) {
    return [
      finding({
        ...place,
        cause: 'oom-killed',
        score: 100,
        summary: `${container.name} was killed at its memory limit (OOMKilled${end?.exitCode === undefined ? '' : `, exit code ${end.exitCode}`}).`,
        quotes: [{ source: `${pod.name} ${container.name} last state`, text: describeEnd(end) }],
      }),
    ];
  }
  const waiting = waitingFact(container, place, events);
  if (waiting !== null) return [waiting];
  if (end?.exitCode === 139 || end?.signal === 11) {
    return [
      finding({
        ...place,
        cause: 'segmentation-fault',
        score: 85,
        summary: `${container.name} was ended by a segmentation fault (exit code 139).`,
        quotes: [{ source: `${pod.name} ${container.name} last state`, text: describeEnd(end) }],
      }),
    ];
  }
  return [];
}

/** A container's last end in words: "OOMKilled, exit code 137". */
export function describeEnd(end: ContainerState | undefined): string {
  if (end === undefined) return 'no end is recorded';
  const parts = [end.reason ?? 'terminated'];
  if (end.exitCode !== undefined) parts.push(`exit code ${end.exitCode}`);
  if (end.signal !== undefined && end.signal > 0) parts.push(`signal ${end.signal}`);
  if (end.message !== undefined && end.message !== '') parts.push(end.message);
  return parts.join(', ');
}

const IMAGE_REASONS = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);
const CREATION_REASONS = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'StartError',
  'ContainerCannotRun',
  'PreStartHookError',
  'PostStartHookError',
  'PreCreateHookError',
]);

interface Place {
  pod: string;
  container: string;
}

function waitingFact(container: ContainerEvidence, place: Place, events: EventEvidence[]): Finding | null {
  const reason = container.state.reason ?? '';
  const source = `${place.pod} ${place.container} state`;
  if (container.state.kind === 'waiting' && IMAGE_REASONS.has(reason))
    return imageFact(container, place, reason, events);
  const end = lastEnd(container);
  const creation = CREATION_REASONS.has(reason)
    ? container.state
    : end?.reason !== undefined && CREATION_REASONS.has(end.reason)
      ? end
      : undefined;
  if (creation === undefined) return null;
  const message = creation.message ?? events.find((event) => event.reason === 'Failed')?.message ?? '';
  return creationFact(place, creation.reason ?? '', message, { source, text: `${creation.reason}: ${message}` });
}

function imageFact(container: ContainerEvidence, place: Place, reason: string, events: EventEvidence[]): Finding {
  const failed = events.filter((event) => event.reason === 'Failed' && /pull|image/i.test(event.message));
  const message = failed.at(-1)?.message ?? container.state.message ?? '';
  return finding({
    ...place,
    cause: 'image-pull-failure',
    subject: container.image,
    score: 100,
    summary: `The image ${container.image} cannot be pulled: ${pullReason(reason, message)}.`,
    quotes: [
      { source: `${place.pod} ${place.container} state`, text: `${reason}: ${container.state.message ?? ''}` },
      ...failed.slice(-2).map(eventQuote),
    ],
  });
}

function pullReason(reason: string, message: string): string {
  if (reason === 'InvalidImageName') return 'its name is not valid';
  if (reason === 'ErrImageNeverPull') return 'it is not on the node and the pull policy is Never';
  if (/not found|manifest unknown|does not exist/i.test(message) && !/no such host/i.test(message))
    return 'there is no such image or tag';
  if (/unauthorized|denied|authentication required|403|401|no basic auth/i.test(message))
    return 'the registry does not permit it';
  if (/toomanyrequests|429|rate limit/i.test(message)) return "the registry's rate limit is reached";
  if (/no such host|timeout|refused|unreachable|deadline|EOF|502|503/i.test(message))
    return 'the registry cannot be reached';
  if (/exec format|no match for platform/i.test(message)) return 'there is none for this platform';
  return reason;
}

/** Container could not be made or started: the runtime's message says which of the causes it is. */
function creationFact(place: Place, reason: string, message: string, quote: Quote): Finding {
  const base = { ...place, score: 100, quotes: [quote] };
  const missing =
    /(secret|configmap) "([^"]+)" not found/i.exec(message) ??
    /couldn't find key (\S+) in (?:Secret|ConfigMap) (\S+)/i.exec(message);
  if (missing !== null) {
    const subject = /couldn't find key/i.test(message)
      ? `${/Secret/.test(message) ? 'Secret' : 'ConfigMap'}/${(missing[2] ?? '').split('/').at(-1)}:${missing[1]}`
      : `${missing[1]?.toLowerCase() === 'secret' ? 'Secret' : 'ConfigMap'}/${missing[2]}`;
    return finding({
      ...base,
      cause: 'missing-config-reference',
      subject,
      summary: `${place.container} refers to ${subject}, which is not there.`,
    });
  }
  if (/runAsNonRoot|run as root|permission denied|operation not permitted|RunAsUser/i.test(message)) {
    return finding({
      ...base,
      cause: 'permission-denied',
      subject: 'securityContext',
      summary: `${place.container} may not be started as its securityContext asks: ${message}`,
    });
  }
  const command = /exec: \\?"([^"\\]+)\\?"|(?:exec|stat) (\/\S+?):/.exec(message);
  if (
    /executable file not found|no such file or directory|not a directory/i.test(message) &&
    !/mount|subPath/i.test(message)
  ) {
    const subject = command?.[1] ?? command?.[2];
    return finding({
      ...base,
      cause: 'command-not-found',
      subject,
      summary: `${place.container} is to run ${subject ?? 'a command'} that is not in its image.`,
    });
  }
  if (/exec format error/i.test(message)) {
    return finding({
      ...base,
      cause: 'application-startup-failure',
      summary: `The image of ${place.container} is built for another architecture (exec format error).`,
    });
  }
  if (/mount|subPath|volume/i.test(message)) {
    return finding({
      ...base,
      cause: 'volume-unavailable',
      summary: `A volume of ${place.container} cannot be mounted: ${message}`,
    });
  }
  if (reason === 'CreateContainerConfigError') {
    return finding({
      ...base,
      cause: 'missing-config-reference',
      score: 80,
      summary: `${place.container} cannot be configured: ${message}`,
    });
  }
  return finding({
    ...base,
    cause: 'unknown',
    score: 60,
    summary: `${place.container} cannot be started (${reason}): ${message}`,
  });
}

function podFacts(pod: PodEvidence): Finding[] {
  if (
    pod.reason === 'Evicted' ||
    pod.reason === 'NodeLost' ||
    pod.reason === 'NodeShutdown' ||
    pod.reason === 'Terminated'
  ) {
    return [
      finding({
        cause: 'node-failure',
        pod: pod.name,
        subject: pod.node,
        score: 95,
        summary: `Pod ${pod.name} was ended by its node ${pod.node ?? ''} (${pod.reason}): ${pod.message ?? ''}`,
        quotes: [{ source: `${pod.name} status`, text: `${pod.reason}: ${pod.message ?? ''}` }],
      }),
    ];
  }
  return [];
}
