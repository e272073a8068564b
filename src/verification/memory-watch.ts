import { setTimeout as sleep } from 'node:timers/promises';
import type { Kubernetes } from '../kubernetes/client.ts';
import type { Judgement } from './readiness.ts';
import type { TargetState } from './target-state.ts';
import { levelledOff, type MemorySample, readWorkingSets } from './working-set.ts';

/** metrics-server measures every 15 s by default: asking more often tells nothing new. */
const SAMPLE_MS = 10_000;
/** A new pod's first two measurements come within this time. */
const LONGEST_WAIT_MS = 45_000;

/** Measures the memory while an OOM's remedy is verified (safety 19). */
export class MemoryWatch {
  readonly #kubernetes: Kubernetes;
  readonly #container: string | undefined | null;
  readonly #samples: MemorySample[] = [];
  #sampledAt = 0;
  #unreadable: string | undefined;

  /** @param container the one that was OOM-killed, undefined for every one, null if nothing is to be measured */
  constructor(kubernetes: Kubernetes, container: string | undefined | null) {
    this.#kubernetes = kubernetes;
    this.#container = container;
  }

  /** Takes a sample if the last one is 10 s old. Never throws, but for `signal`. */
  async sample(state: TargetState, signal: AbortSignal): Promise<void> {
    if (this.#container === null || Date.now() - this.#sampledAt < SAMPLE_MS) return;
    this.#sampledAt = Date.now();
    const read = await readWorkingSets(this.#kubernetes, state, signal);
    if (typeof read === 'string') {
      this.#unreadable = read;
      return;
    }
    this.#unreadable = undefined;
    this.#samples.push(...read);
  }

  /** After a window shorter than two measurements: waits for them, 45 s at most, where they can be read at all. */
  async waitForSamples(
    state: TargetState,
    pulse: { heartbeat(detail: string): void; signal: AbortSignal },
  ): Promise<void> {
    const end = Date.now() + LONGEST_WAIT_MS;
    while (Date.now() < end && this.#unreadable === undefined && this.judge(state)?.result === 'unknown') {
      pulse.heartbeat('waiting for a second measurement of the memory');
      await sleep(SAMPLE_MS, undefined, { signal: pulse.signal });
      await this.sample(state, pulse.signal);
    }
  }

  /** Null if nothing is to be measured. */
  judge(state: TargetState): Judgement | null {
    if (this.#container === null) return null;
    if (this.#unreadable !== undefined) {
      return { result: 'unknown', saw: `metrics.k8s.io cannot be read: ${this.#unreadable}` };
    }
    return levelledOff(state, this.#samples, this.#container);
  }
}
