import { setTimeout as sleep } from 'node:timers/promises';
import { longestLifeBeforeCrash } from '../diagnosis/measure.ts';
import { messageOf } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { listWorkloads } from '../kubernetes/workloads.ts';
import type { Logger } from '../log.ts';
import type { RunbookContent } from '../recovery/activities.ts';
import type { Target } from '../recovery/values.ts';
import { judgeLook } from '../verification/single-look.ts';
import { readTargetState } from '../verification/target-state.ts';
import type { Baselines } from './baseline.ts';
import { recordBaseline } from './record-baseline.ts';

/** What the watch looks at, and how often. */
export interface BaselineWatch {
  kubernetes: Kubernetes;
  baselines: Baselines;
  runbooks: readonly RunbookContent[];
  /** Milliseconds from one round to the next; 5 min in production. */
  everyMs: number;
  log: Logger;
  signal: AbortSignal;
}

/** While a target has no baseline yet, it is looked at this often: a new installation is soon ready to be mended. */
const FIRST_MS = 10_000;
/** A round's most workloads: a selector without a name may find many. */
const MOST_TARGETS = 200;

/**
 * The worker's regular look at the targets of its runbooks, once at its start and then every `everyMs`: a target seen healthy
 * becomes the baseline that "last healthy" means (safety 3). Ends when `signal` does; a fault of one target is logged and
 * never ends it. Writes only the baselines in Kintsugi's own namespace.
 */
export async function startBaselineWatch(watch: BaselineWatch): Promise<void> {
  while (!watch.signal.aborted) {
    const allKnown = await watchOnce(watch);
    const pause = allKnown ? watch.everyMs : Math.min(FIRST_MS, watch.everyMs);
    await sleep(pause, undefined, { signal: watch.signal, ref: false }).catch(() => undefined);
  }
}

/** One round over all targets. Returns whether each of them has a baseline now. */
export async function watchOnce(watch: BaselineWatch): Promise<boolean> {
  let allKnown = true;
  for (const runbook of watch.runbooks) {
    const targets = await targetsOf(watch, runbook);
    for (const target of targets) {
      if (watch.signal.aborted) return allKnown;
      allKnown = (await lookAt(watch, runbook, target)) && allKnown;
    }
  }
  return allKnown;
}

async function targetsOf({ kubernetes, log, signal }: BaselineWatch, runbook: RunbookContent): Promise<Target[]> {
  const { namespace, kinds, name, selector } = runbook.spec.target;
  try {
    const query = { namespace, kinds, ...(selector === undefined ? {} : { selector }) };
    const workloads = await listWorkloads(kubernetes, query, signal);
    return workloads
      .filter((workload) => name === undefined || workload.name === name)
      .slice(0, MOST_TARGETS)
      .map((workload) => ({ namespace, kind: workload.kind, name: workload.name }));
  } catch (thrown) {
    if (!signal.aborted) {
      log.warn({ runbook: runbook.metadata.name, error: messageOf(thrown) }, "a runbook's targets could not be listed");
    }
    return [];
  }
}

/** Records the target if it is healthy. Returns whether it has a baseline now. */
async function lookAt(watch: BaselineWatch, runbook: RunbookContent, target: Target): Promise<boolean> {
  const { kubernetes, baselines, log, signal } = watch;
  let known = false;
  try {
    known = (await baselines.read(target)) !== null;
    const state = await readTargetState(kubernetes, target, signal);
    const { window } = runbook.spec.verify;
    // What replaces a baseline must have stood the longest window: a remedy under verification is not yet healthy.
    const settings = known ? { ...window, min: window.max } : window;
    const { healthy } = judgeLook(state, {
      settings,
      longestLifeSeconds: longestLifeBeforeCrash(state.current, state.at),
    });
    // While some are kept at an older revision, what is healthy is not the present template.
    if (!healthy || state.kept.length > 0) return known;
    await recordBaseline(kubernetes, baselines, target, signal, runbook.spec.dependencies);
    if (!known) log.info({ target }, 'seen healthy for the first time: the baseline is recorded');
    return true;
  } catch (thrown) {
    if (!signal.aborted) log.warn({ target, error: messageOf(thrown) }, 'the healthy baseline could not be looked at');
    return known;
  }
}
