import { KintsugiError } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { callOptions } from '../kubernetes/transport.ts';
import { readWorkload } from '../kubernetes/workloads.ts';
import { formatTarget } from '../recovery/ids.ts';
import type { Mode, ModeVoice, Target } from '../recovery/values.ts';

/** On a workload or its namespace: how much may be done there by itself. Bookkeeping: never part of a plan's change or undo. */
export const MODE_ANNOTATION = 'kintsugi.dev/mode';

const CAUTION: Mode[] = ['observe', 'approve', 'auto'];

type Annotations = Readonly<Record<string, string>> | undefined;

/**
 * What the target's annotation, or its namespace's, says of the mode: the more cautious of both; null where neither says anything,
 * and for a target that is gone.
 * @throws KintsugiError when the API server does not answer, or does not let them be read
 */
export async function readModeVoice(
  kubernetes: Kubernetes,
  target: Target,
  signal?: AbortSignal,
): Promise<ModeVoice | null> {
  const [workload, namespace] = await Promise.all([
    found(readWorkload(kubernetes, target, signal)),
    found(
      kubernetes.core.readNamespace({ name: target.namespace }, callOptions(signal === undefined ? {} : { signal })),
    ),
  ]);
  return modeVoice(target, workload?.annotations, namespace?.metadata?.annotations);
}

/** The voice in these annotations. A value that is none of the three counts as `observe`, and says what would be right. */
export function modeVoice(target: Target, ofTarget: Annotations, ofNamespace: Annotations): ModeVoice | null {
  const voices = [
    voiceIn(ofTarget, `${MODE_ANNOTATION} of ${formatTarget(target)}`),
    voiceIn(ofNamespace, `${MODE_ANNOTATION} of namespace ${target.namespace}`),
  ].filter((voice) => voice !== null);
  return voices.toSorted((a, b) => CAUTION.indexOf(a.mode) - CAUTION.indexOf(b.mode))[0] ?? null;
}

function voiceIn(annotations: Annotations, source: string): ModeVoice | null {
  const value = annotations?.[MODE_ANNOTATION];
  if (value === undefined) return null;
  const mode = CAUTION.find((known) => known === value);
  if (mode !== undefined) return { mode, source };
  return {
    mode: 'observe',
    source,
    fault: `"${value.slice(0, 60)}" is no mode and counts as observe; right would be ${CAUTION.join(', ')}`,
  };
}

async function found<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof KintsugiError && (error.code === 'not-found' || error.code === 'invalid')) return null;
    throw error;
  }
}
