import type { Kubernetes } from '../kubernetes/client.ts';
import type { Logger } from '../log.ts';
import type { HeldBack } from '../recovery/activities.ts';
import { silenceText } from '../recovery/silences.ts';
import type { Target } from '../recovery/values.ts';
import { pauseText, readPause } from './pause.ts';
import { askSilences } from './silences.ts';

/** What stands against a write right now that people can say at any moment: the pause switch, a silence, the target's mode. */

/** What is asked about. */
export interface HoldingBack {
  target: Target;
  runbook: string;
  alerts: Record<string, string>[];
  /** A person ordered it: a silence is about automation. */
  isOrdered: boolean;
  /** A person approved it, or ordered it. */
  isApproved: boolean;
  /** It has waited long enough for what cannot be read. */
  goesOnUnread: boolean;
}

interface Where {
  kubernetes: Kubernetes;
  /** KINTSUGI_NAMESPACE */
  namespace: string;
  alertmanagerUrls?: readonly string[];
  log: Logger;
}

/**
 * Why a write may not begin now, or null if nothing stands against it. A pause switch that cannot be read forbids it; Kintsugi's own
 * silences and the annotation do for a minute, and what was read of them before goes on to hold in the record. An Alertmanager that
 * does not answer silences nothing.
 */
export async function heldBackNow(where: Where, about: HoldingBack, signal: AbortSignal): Promise<HeldBack | null> {
  const { isOrdered, isApproved, goesOnUnread, ...input } = about;
  const [pause, read] = await Promise.all([readPause(where), askSilences(where, input, signal)]);
  signal.throwIfAborted();
  const held = (why: string, more: Partial<HeldBack> = {}): HeldBack => ({ outcome: 'held-back', why, ...more });
  if (pause.paused) return held(pauseText(pause));
  const { silence, unread, voice } = read;
  if (!isOrdered && silence !== null) return held(silenceText(silence), { silence });
  const unknown = unread.find(({ source }) => source === 'annotation' || (source === 'kintsugi' && !isOrdered));
  if (unknown !== undefined && !goesOnUnread)
    return held(`${NOT_READ[unknown.source]} cannot be read, it waits a minute for that: ${unknown.why}`, {
      unread: true,
    });
  if (voice === null) return null;
  const { mode, source, fault } = voice;
  const forbids = mode === 'observe' || (mode === 'approve' && !isApproved);
  return forbids ? held(`${source} says ${mode}${fault === undefined ? '' : `: ${fault}`}`, { voice }) : null;
}

const NOT_READ = {
  kintsugi: 'the silences',
  alertmanager: "Alertmanager's silences",
  annotation: "the target's mode",
} as const;
