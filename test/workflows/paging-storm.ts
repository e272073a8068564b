import { setTimeout as sleep } from 'node:timers/promises';
import { PHASES, type Phase } from './paging-names.ts';
import type { Delivery, Reception } from './paging-receiver.ts';
import { BOUND_MS, dueAt, type Paged, type PagingScene } from './paging-scene.ts';
import type { PagingWorker, Uptime } from './paging-worker.ts';

/** Numbers from 0 to 1 that a seed decides (mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c). */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A receiver that is out of order now and then: a message's first deliveries may be refused, hang, or lose their answer. */
export function moody(random: () => number): (message: Delivery['message'], nth: number) => Reception {
  const moods = new Map<string, Reception[]>();
  const mood = (): Reception => {
    const drawn = random();
    if (drawn < 0.15) return 'refused';
    if (drawn < 0.25) return 'hung';
    return drawn < 0.4 ? 'lost' : 'taken';
  };
  return ({ messageKey }, nth) => {
    const planned = moods.get(messageKey) ?? [mood(), mood()];
    moods.set(messageKey, planned);
    return planned[nth] ?? 'taken';
  };
}

/** Kills the worker and starts it again at random moments until `isOver`; leaves one that runs. Returns how often it died. */
export async function killNowAndThen(
  worker: PagingWorker,
  random: () => number,
  isOver: () => boolean,
): Promise<number> {
  let deaths = 0;
  while (!isOver()) {
    // Some are killed before they have done anything, some live longer than the bound.
    await sleep(random() < 0.3 ? random() * 2_000 : BOUND_MS + random() * 5_000);
    await worker.kill();
    deaths += 1;
    await sleep(random() * 4_000);
    await worker.start();
  }
  return deaths;
}

/** The first rung of those that recover. */
const IN_TIME_SECONDS = 300;

/** As many recoveries that nobody helps, hanging in one phase after the other, and one in ten more that recovers in time. */
export async function beginAll(
  { begin }: PagingScene,
  count: number,
  { from, to, random }: { from: number; to: number; random: () => number },
): Promise<Paged[]> {
  const hanging = PHASES.filter((phase) => phase !== 'well');
  const phases: Phase[] = Array.from({ length: count }, (_, index) => hanging[index % hanging.length] ?? 'verifying');
  const wells: Phase[] = Array.from({ length: count / 10 }, () => 'well');
  const rung = () => Math.round(from + random() * (to - from));
  // A worker that dies every few seconds makes them slow, and one that is not well at its deadline is rightly paged.
  const rungOf = (phase: Phase) => (phase === 'well' ? IN_TIME_SECONDS : rung());
  return Promise.all([...phases, ...wells].map((phase) => begin(phase, rungOf(phase), random() * 5_000)));
}

/** How late each page came, in ms. None is late before it is due. */
export interface Lateness {
  /** The first delivery. */
  heard: number[];
  /** The first that was taken: a receiver that hangs for 4 s is waited for. */
  taken: number[];
  /** How long the worker was up between the deadline and the first delivery, its short lives included. */
  upBefore: number[];
}

export function latenessOf({ worker, deliveriesOf }: PagingScene, pages: Paged[]): Lateness {
  const uptimes = worker.uptimes();
  const firstOf = (paged: Paged, counts: (delivery: Delivery) => boolean) =>
    deliveriesOf(paged, 'trigger').find(counts)?.at ?? Number.POSITIVE_INFINITY;
  const late = (paged: Paged, at: number) => Math.max(0, at - dueAt(paged.deadline, uptimes));
  return {
    heard: pages.map((paged) =>
      late(
        paged,
        firstOf(paged, () => true),
      ),
    ),
    taken: pages.map((paged) => late(paged, firstOf(paged, isTaken))),
    upBefore: pages.map((paged) =>
      upBetween(
        paged.deadline,
        firstOf(paged, () => true),
        uptimes,
      ),
    ),
  };
}

function upBetween(begin: number, end: number, uptimes: Uptime[]): number {
  const spans = uptimes.map(({ from, to }) => Math.min(to, end) - Math.max(from, begin));
  return spans.reduce((sum, span) => sum + Math.max(0, span), 0);
}

export const isTaken = ({ reception }: Delivery): boolean => reception === 'taken' || reception === 'lost';

/** `n 50, p50 120 ms, p99 2310 ms, max 2310 ms`. */
export function figures(values: number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0);
  return `n ${sorted.length}, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`;
}
