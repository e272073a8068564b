import { messageOf } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { readConfigMap, writeConfigMap } from './config-map.ts';

/** The switch that stops all remedies at once (safety 1): a ConfigMap, so that kubectl can throw it too. */
export const PAUSE_NAME = 'kintsugi-pause';

/** Who stopped the remedies, when (RFC 3339) and why. */
export type Pause = { paused: false } | { paused: true; actor: string; reason: string; at: string };

interface Switch {
  kubernetes: Kubernetes;
  /** KINTSUGI_NAMESPACE */
  namespace: string;
}

/** Reads the switch; never throws: what cannot be read counts as paused, with that reason. */
export async function readPause({ kubernetes, namespace }: Switch): Promise<Pause> {
  try {
    const map = await readConfigMap(kubernetes, { namespace, name: PAUSE_NAME });
    if (map === null || map.data?.paused === 'false') return { paused: false };
    const { actor = 'unknown', reason = 'no reason given', at = '' } = map.data ?? {};
    return { paused: true, actor, reason, at };
  } catch (error) {
    return { paused: true, actor: 'kintsugi', reason: `the pause switch cannot be read: ${messageOf(error)}`, at: '' };
  }
}

/** Stops all remedies; undos and pages go on. @throws KintsugiError when it cannot be written */
export async function pause(where: Switch, by: { actor: string; reason: string }): Promise<Pause> {
  const at = new Date().toISOString();
  await write(where, { paused: 'true', ...by, at });
  return { paused: true, ...by, at };
}

/** Lets remedies go on; who did it, and why, stays in the ConfigMap. @throws KintsugiError when it cannot be written */
export async function resume(where: Switch, by: { actor: string; reason: string }): Promise<Pause> {
  await write(where, { paused: 'false', ...by, at: new Date().toISOString() });
  return { paused: false };
}

async function write({ kubernetes, namespace }: Switch, data: Record<string, string>): Promise<void> {
  await writeConfigMap(kubernetes, { namespace, name: PAUSE_NAME, data });
}

/** The pause as the reason of a remedy that is held back. */
export function pauseText(state: Extract<Pause, { paused: true }>): string {
  return `paused by ${state.actor}${state.at === '' ? '' : ` at ${state.at}`}: ${state.reason}`;
}
