import type { V1ContainerState, V1Pod } from '@kubernetes/client-node';
import { KintsugiError } from '../../errors.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import { readImageConfiguration } from '../../registry/image-configuration.ts';
import { digestOfImageId } from '../../registry/reference.ts';
import type { ContainerTemplate } from '../evidence/workload.ts';
import type { Attempt } from './collect.ts';
import { REGISTRY_MS, registryOptions } from './registry-options.ts';

/** Images that are asked for: of the first containers that are in trouble. */
const MOST_IMAGES = 2;
const USUAL_ARCHITECTURE = 'amd64';

type ImageCommand = NonNullable<ContainerTemplate['imageCommand']>;

interface Request {
  kubernetes: Kubernetes;
  mirrors: Readonly<Record<string, string>>;
  /** The pods in trouble. */
  pods: readonly V1Pod[];
  /** The container whose command the runbook declares. */
  declared: { container: string | undefined } | null;
  attempt: Attempt;
  signal: AbortSignal;
}

/** Exit codes of a program that had nothing to do, could not be run, or was not found (POSIX shells). */
const OF_COMMAND = new Set([0, 126, 127, 128]);

/** Whether the way in which a container ended, or never began, may be its command's. */
function isOfCommand(states: (V1ContainerState | undefined)[]): boolean {
  return states.some(
    (state) =>
      OF_COMMAND.has(state?.terminated?.exitCode ?? -1) ||
      /^(?:RunContainer|Start|CreateContainer)Error$/.test(state?.waiting?.reason ?? ''),
  );
}

/**
 * Entrypoint and Cmd of images, by container: where the runbook declares a command, or what was seen may be the command's
 * fault. What the registry says of the running digest, else of the tag.
 */
export async function readImageCommands(request: Request): Promise<Map<string, ImageCommand>> {
  const { pods, declared, attempt } = request;
  const asked = new Map<string, { pod: V1Pod; image: string }>();
  for (const pod of pods) {
    for (const { name, image, ready, imageID, state, lastState } of pod.status?.containerStatuses ?? []) {
      const wanted = pod.spec?.containers.find((container) => container.name === name)?.image ?? image;
      const declares = declared !== null && (declared.container ?? pod.spec?.containers[0]?.name) === name;
      if (ready || asked.has(name) || /Image/.test(state?.waiting?.reason ?? '')) continue;
      if (!declares && !isOfCommand([state, lastState])) continue;
      asked.set(name, { pod, image: pinned(wanted, digestOfImageId(imageID)) });
    }
  }
  const answers = await Promise.all(
    [...asked].slice(0, MOST_IMAGES).map(async ([name, { pod, image }]) => {
      const command = await attempt(`command of image ${image}`, () => readCommand(request, pod, image), null);
      return command === null ? [] : [[name, command] as const];
    }),
  );
  return new Map(answers.flat());
}

/** The image by the digest that runs: a tag may stand for another one by now. */
export function pinned(image: string, digest: string | undefined): string {
  if (digest === undefined || image.includes('@')) return image;
  return `${image.replace(/:[\w][\w.-]*$/, '')}@${digest}`;
}

async function readCommand(request: Request, pod: V1Pod, image: string): Promise<ImageCommand> {
  const { time, options } = await registryOptions(request, pod);
  const platform = { os: 'linux', architecture: await architectureOf(request, pod) };
  const answer = await readImageConfiguration(image, options, platform).catch((thrown: unknown) => {
    if (time.aborted && !request.signal.aborted) return { problem: { saw: `no answer within ${REGISTRY_MS} ms` } };
    throw thrown;
  });
  if ('problem' in answer)
    throw new KintsugiError('unavailable', answer.problem.saw, { where: image, fix: 'Ask the registry by hand.' });
  return { entrypoint: answer.entrypoint, cmd: answer.command };
}

/** The node's; where it cannot be read, the usual one. */
async function architectureOf({ kubernetes, signal }: Request, { spec }: V1Pod): Promise<string> {
  if (spec?.nodeName === undefined) return USUAL_ARCHITECTURE;
  const node = await kubernetes.core.readNode({ name: spec.nodeName }, callOptions({ signal })).catch(() => undefined);
  return node?.status?.nodeInfo?.architecture ?? USUAL_ARCHITECTURE;
}
