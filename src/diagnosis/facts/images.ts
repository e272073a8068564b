import type { Finding } from '../../recovery/values.ts';
import { parseImage } from '../../registry/reference.ts';
import type { ContainerEvidence, EventEvidence, PodEvidence } from '../evidence/pod.ts';
import type { ReferenceEvidence } from '../evidence/reference.ts';
import type { Evidence } from '../evidence.ts';
import { finding } from '../finding.ts';
import { askedRegistry } from '../registry-facts.ts';
import { eventQuote, eventsOf } from '../states.ts';

/** Waiting reasons of an image that is not there (kubernetes pkg/kubelet/images/types.go). */
const REASONS = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);

/** An image that cannot be pulled, told apart: no such image or tag, no permission, the registry away, its rate limit, its certificate. */
export function imageFact(evidence: Evidence, pod: PodEvidence, container: ContainerEvidence): Finding | null {
  const reason = container.state.reason ?? '';
  if (container.state.kind !== 'waiting' || !REASONS.has(reason)) return null;
  const events = eventsOf(evidence, pod, container);
  const failed = events.filter((event) => event.reason === 'Failed' && /pull|image/i.test(event.message));
  const detailed = failed.filter((event) => /failed to pull/i.test(event.message));
  const message = (detailed.at(-1) ?? failed.at(-1))?.message ?? container.state.message ?? '';
  const why: Omit<Why, 'when'> = WHY.find(({ when }) => when(reason, message)) ?? { text: reason };
  const forbidden = why.credentials === true ? aboutSecrets(evidence, container.image, events) : undefined;
  const found = finding({
    pod: pod.name,
    container: container.name,
    cause: 'image-pull-failure',
    subject: container.image,
    score: 100,
    summary: `The image ${container.image} cannot be pulled: ${why.text}${forbidden === undefined ? '' : `; ${forbidden.text}`}.`,
    mend: forbidden?.mend ?? why.mend,
    quotes: [
      { source: `${pod.name} ${container.name} state`, text: `${reason}: ${container.state.message ?? ''}` },
      ...(detailed.length > 0 ? detailed : failed).slice(-2).map(eventQuote),
    ],
  });
  return askedRegistry(evidence, found);
}

interface Why {
  when(reason: string, message: string): boolean;
  text: string;
  mend?: string;
  /** The pull secrets may be why. */
  credentials?: true;
}

const says =
  (pattern: RegExp) =>
  (_reason: string, message: string): boolean =>
    pattern.test(message);

/** In this order: the first that fits decides. Wordings: containerd remotes/docker, distribution registry/api/errcode, Go's net and x509. */
const WHY: readonly Why[] = [
  { when: (reason) => reason === 'InvalidImageName', text: 'its name is not valid', mend: 'Correct the image name.' },
  {
    when: (reason) => reason === 'ErrImageNeverPull',
    text: 'it is not on the node and the pull policy is Never',
    mend: 'Load it on the node, or change imagePullPolicy.',
  },
  {
    when: says(/toomanyrequests|\b429\b|rate limit/i),
    text: "the registry's rate limit is reached",
    mend: 'Wait, or pull with credentials or from a mirror.',
  },
  {
    when: says(/no such host|server misbehaving/i),
    text: "the registry's name cannot be resolved",
    mend: 'Correct the registry in the image name.',
  },
  {
    when: says(/x509|certificate/i),
    text: "the node does not trust the registry's certificate",
    mend: "Give the node's runtime the certificate authority.",
  },
  {
    when: says(/server gave HTTP response to HTTPS client/i),
    text: 'the registry speaks HTTP and the node asks by HTTPS',
  },
  {
    when: says(/repository does not exist or may require|insufficient_scope/i),
    text: 'there is no such repository, or the registry does not permit it',
    credentials: true,
  },
  {
    when: says(/\b(?:401|403)\b|unauthorized|forbidden|denied|authentication required|no basic auth/i),
    text: 'the registry does not permit it',
    credentials: true,
  },
  {
    when: says(/no match for platform|exec format/i),
    text: "there is none for the node's platform",
    mend: 'Build it for that architecture.',
  },
  {
    when: says(/not found|manifest unknown|does not exist|\b404\b/i),
    text: 'there is no such image or tag',
    mend: 'Correct the tag, or push the image.',
  },
  { when: says(/no space left on device/i), text: "the node's disk is full" },
  {
    when: says(/timeout|timed out|refused|unreachable|no route|deadline|\bEOF\b|reset by peer|\b50[0-4]\b/i),
    text: 'the registry cannot be reached',
    mend: "Check the registry and the node's way to it.",
  },
];

const PULL_SECRET_TYPES = new Set(['kubernetes.io/dockerconfigjson', 'kubernetes.io/dockercfg']);

/** What is wrong with the pull secrets: none, one that is not there, of the wrong type, or for other registries. */
function aboutSecrets(
  evidence: Evidence,
  image: string,
  events: EventEvidence[],
): { text: string; mend?: string } | undefined {
  const registry = parseImage(image)?.registry ?? '';
  const secrets = evidence.references.filter(({ usedBy = [] }) => usedBy.includes('imagePullSecrets'));
  const unread = events.find(({ reason }) => reason === 'FailedToRetrieveImagePullSecret');
  const missing = secrets.find(({ found }) => found === false);
  if (missing !== undefined)
    return {
      text: `its pull secret ${missing.name} is not there`,
      mend: `Create it: kubectl create secret docker-registry ${missing.name} --docker-server=${registry}`,
    };
  const wrong = secrets.find(({ type }) => type !== undefined && !PULL_SECRET_TYPES.has(type));
  if (wrong !== undefined)
    return {
      text: `its pull secret ${wrong.name} is of type ${wrong.type}, which is not used for pulls`,
      mend: 'Make it anew with type kubernetes.io/dockerconfigjson.',
    };
  if (secrets.length === 0)
    return { text: 'the pod has no pull secret', mend: `Add one for ${registry} to imagePullSecrets.` };
  if (unread !== undefined) return { text: unread.message };
  return otherRegistries(secrets, registry);
}

function otherRegistries(
  secrets: readonly ReferenceEvidence[],
  registry: string,
): { text: string; mend: string } | undefined {
  const hosts = secrets.flatMap(({ registries = [] }) => registries);
  const isFor = (host: string): boolean =>
    host.split('/')[0] === registry ||
    host.includes('*') ||
    (registry === 'docker.io' && /(?:^|\.)docker\.io/.test(host));
  const names = secrets.map(({ name }) => name).join(', ');
  if (hosts.length === 0 || hosts.some(isFor))
    return {
      text: `pull secret ${names} is there`,
      mend: 'Renew the credentials in it, or give them the right to pull.',
    };
  return {
    text: `pull secret ${names} has credentials for ${hosts.join(', ')} only`,
    mend: `Add credentials for ${registry}.`,
  };
}
