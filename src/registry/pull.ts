import { z } from 'zod';
import { addressAt, atRegistry, bodyOf, type RegistryOptions, send } from './client.ts';
import { credentialsFor } from './credentials.ts';
import { findManifest } from './digest.ts';
import { RegistryFailure, type RegistryProblem } from './problem.ts';
import { PULL_SECRET_TYPE, type PullSecret, textsOf } from './pull-secrets.ts';
import { type ImageReference, parseImage } from './reference.ts';

/** What the registry says to a pull with the pull secrets that there are. */
export interface PullAnswer {
  kind: 'pullable' | RegistryProblem['kind'] | 'secret-absent' | 'secret-wrong-type' | 'secret-without-registry';
  /** One clause with the image and the secret in it: "ghcr.io has no tag v9 of team/app; it has latest, v8". */
  saw: string;
  /** Where it may be pulled. */
  digest?: string;
}

const tagList = z.looseObject({ tags: z.array(z.string()).nullish() });
/** As many tags as a sentence may name. */
const SHOWN_TAGS = 6;

/**
 * Asks the registry itself whether an image may be pulled with these secrets, and tells apart why not: no such image or tag,
 * no permission (the secret is absent, of the wrong type, without this registry, or refused), the registry away, its rate
 * limit. Reads only, a few seconds at most; no password is in the answer.
 */
export async function askPull(
  image: string,
  secrets: readonly PullSecret[],
  options: Omit<RegistryOptions, 'pullSecrets'>,
): Promise<PullAnswer> {
  const asked: RegistryOptions = { ...options, pullSecrets: textsOf(secrets) };
  const found = await findManifest(image, asked);
  const reference = parseImage(image);
  if (!('problem' in found))
    return { kind: 'pullable', saw: `${image} may be pulled (${found.digest.slice(0, 19)})`, digest: found.digest };
  const { problem } = found;
  if (reference === null) return problem;
  switch (problem.kind) {
    case 'no-image':
      return { kind: 'no-image', saw: await noImage(reference, problem, asked) };
    case 'no-credentials':
      return noCredentials(image, reference, secrets);
    case 'denied':
      return { kind: 'denied', saw: denied(reference, secrets, problem) };
    case 'rate-limited':
      return { kind: 'rate-limited', saw: `the rate limit of ${reference.registry} is reached: ${problem.saw}` };
    case 'away':
      return { kind: 'away', saw: `registry ${reference.registry} cannot be reached: ${problem.saw}` };
    default:
      return { kind: problem.kind, saw: `registry ${reference.registry} does not answer as one: ${problem.saw}` };
  }
}

async function noImage(reference: ImageReference, problem: RegistryProblem, options: RegistryOptions): Promise<string> {
  const { registry, repository, tag, digest } = reference;
  const what = digest === undefined ? `tag ${tag}` : `digest ${digest.slice(0, 19)}`;
  const tags = await readTags(reference, options);
  if (tags === null || tags.length === 0) return `${registry} has no ${what} of ${repository}: ${problem.saw}`;
  const more = tags.length > SHOWN_TAGS ? ` and ${tags.length - SHOWN_TAGS} more` : '';
  return `${registry} has no ${what} of ${repository}; it has ${tags.slice(-SHOWN_TAGS).join(', ')}${more}`;
}

/** The repository's tags, as far as one answer goes; null where they are not told. */
async function readTags(reference: ImageReference, options: RegistryOptions): Promise<string[] | null> {
  try {
    return await atRegistry(reference, options, async (endpoint) => {
      const address = addressAt(endpoint, 'tags/list');
      address.searchParams.set('n', '100');
      const body = await bodyOf(await send(endpoint, 'GET', address));
      return tagList.parse(JSON.parse(body.toString('utf8'))).tags ?? [];
    });
  } catch (thrown) {
    if (thrown instanceof RegistryFailure) return null;
    throw thrown;
  }
}

/** The registry wants to know who comes, and nothing that the pod has answers: which secret is at fault, and how. */
function noCredentials(image: string, { registry }: ImageReference, secrets: readonly PullSecret[]): PullAnswer {
  const wants = `${registry} asks for credentials for ${image}, and`;
  const absent = secrets.find(({ state }) => state === 'absent');
  if (absent !== undefined)
    return { kind: 'secret-absent', saw: `${wants} its pull secret ${nameOf(absent)} does not exist` };
  const wrong = secrets.find(({ state }) => state === 'wrong-type');
  if (wrong !== undefined)
    return {
      kind: 'secret-wrong-type',
      saw: `${wants} its pull secret ${nameOf(wrong)} is no ${PULL_SECRET_TYPE} (type ${wrong.type}), so the kubelet passes over it`,
    };
  const usable = secrets.find(({ state }) => state === 'usable');
  if (usable !== undefined)
    return {
      kind: 'secret-without-registry',
      saw: `${wants} its pull secret ${nameOf(usable)} holds none for ${registry}`,
    };
  const why = secrets.length === 0 ? 'the pod names no pull secret' : `${nameOf(secrets[0])} may not be read here`;
  return { kind: 'no-credentials', saw: `${wants} ${why}` };
}

/** Registries answer so too for a repository that does not exist, rather than tell strangers which ones do. */
function denied(reference: ImageReference, secrets: readonly PullSecret[], problem: RegistryProblem): string {
  const { registry, repository } = reference;
  const used = secrets.filter(({ text }) => text !== undefined && credentialsFor(reference, [text]).length > 0);
  const whose = used.length === 0 ? '' : ` with the credentials of ${used.map(nameOf).join(', ')}`;
  return `${registry} does not permit pulling ${repository}${whose}, or has no such repository: ${problem.saw}`;
}

function nameOf(secret: PullSecret | undefined): string {
  return secret === undefined ? '' : `${secret.namespace}/${secret.name}`;
}
