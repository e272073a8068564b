import { z } from 'zod';
import { KintsugiError } from '../errors.ts';
import type { Json } from '../recovery/values.ts';
import { shortened } from '../recovery/words.ts';
import type { ContainerEvidence, LogEvidence, PodEvidence } from './evidence/pod.ts';
import { type Evidence, emptyEvidence } from './evidence.ts';
import { readLog } from './log-verdict.ts';

/** Bytes of evidence that travel in an event (durability 9). */
export const EXCERPT_BYTES = 16 * 1024;

/** How much an excerpt keeps of each part; tried from the first to the last until it fits. */
interface Measure {
  logChars: number;
  pods: number;
  events: number;
  list: number;
  text: number;
}
const MEASURES: readonly Measure[] = [
  { logChars: 4000, pods: 3, events: 30, list: 20, text: 600 },
  { logChars: 2500, pods: 2, events: 20, list: 10, text: 400 },
  { logChars: 1500, pods: 2, events: 12, list: 6, text: 250 },
  { logChars: 800, pods: 1, events: 8, list: 4, text: 160 },
  { logChars: 400, pods: 1, events: 4, list: 2, text: 80 },
];

/** What a person reads at a terminal or pipes on: more than an event may carry, less than all logs whole. */
const FOR_PEOPLE: Measure = { logChars: 16_000, pods: 20, events: 60, list: 50, text: 1000 };
const FOR_PEOPLE_BYTES = 1024 * 1024;

/** The evidence for `kintsugi diagnose --json`: at most 1 MiB, of each log what decides and its end. */
export function evidenceForPeople(evidence: Evidence): Json {
  return excerptOf(evidence, FOR_PEOPLE_BYTES, [FOR_PEOPLE, ...MEASURES]);
}

/** The evidence in the same shape, trimmed to 16 KiB of JSON: of each log what decides and its end. */
export function excerptOf(evidence: Evidence, limit = EXCERPT_BYTES, measures = MEASURES): Json {
  for (const measure of measures) {
    const text = JSON.stringify(trimmed(evidence, measure));
    if (Buffer.byteLength(text) <= limit) return asJson(text);
  }
  return asJson(
    JSON.stringify({ ...trimmed(evidence, LEAST), workload: null, missing: ['excerpt: too large, see the artifact'] }),
  );
}

const LEAST: Measure = { logChars: 200, pods: 1, events: 2, list: 1, text: 60 };

function asJson(text: string): Json {
  const json: Json = JSON.parse(text);
  return json;
}

/** Reads evidence back from an artifact or an excerpt. @throws KintsugiError `invalid` when it is something else */
export function parseEvidence(text: string): Evidence {
  const data = JSON.parse(text);
  // What an older worker wrote lacks the parts that came since.
  if (evidenceShape.safeParse(data).success) return { ...emptyEvidence(data.target, data.takenAt), ...data };
  throw new KintsugiError('invalid', 'this is not evidence of version 1', {
    where: 'evidence',
    fix: 'Diagnose the target again.',
  });
}

const evidenceShape = z.looseObject({
  v: z.literal(1),
  target: z.looseObject({ namespace: z.string(), kind: z.string(), name: z.string() }),
  pods: z.array(z.looseObject({ containers: z.array(z.looseObject({ logs: z.looseObject({}) })) })),
  events: z.array(z.looseObject({})),
  dependencies: z.array(z.looseObject({ hosts: z.array(z.string()) })),
});

function trimmed(evidence: Evidence, measure: Measure): Evidence {
  const cut = (text: string): string => shortened(text, measure.text);
  const { workload, difference } = evidence;
  const whole: Evidence = {
    ...evidence,
    workload:
      workload === null
        ? null
        : {
            ...workload,
            containers: workload.containers
              .slice(0, measure.list)
              .map((container) => ({ ...container, env: container.env.slice(0, 4 * measure.list) })),
          },
    pods: evidence.pods
      .toSorted((a, b) => worth(b) - worth(a))
      .slice(0, measure.pods)
      .map((pod) => trimmedPod(pod, measure)),
    events: evidence.events.slice(-measure.events),
    revisions: evidence.revisions.slice(0, measure.list),
    difference: difference === null ? null : { ...difference, changes: difference.changes.slice(0, measure.list) },
    references: evidence.references
      .toSorted((a, b) => Number(a.found === true) - Number(b.found === true))
      .slice(0, measure.list),
    claims: evidence.claims.slice(0, measure.list),
    nodes: evidence.nodes.slice(0, measure.list),
    services: evidence.services.slice(0, measure.list),
    budgets: evidence.budgets.slice(0, measure.list),
    names: evidence.names.slice(0, measure.list),
    missing: evidence.missing.slice(0, measure.list),
  };
  return mapTexts(whole, cut);
}

function worth(pod: PodEvidence): number {
  const restarts = Math.max(0, ...pod.containers.map((container) => container.restarts));
  return (pod.ready ? 0 : 4) + (pod.current ? 2 : 0) + (restarts > 0 ? 1 : 0);
}

function trimmedPod(pod: PodEvidence, measure: Measure): PodEvidence {
  return {
    ...pod,
    conditions: pod.conditions.filter(({ status }) => status !== 'True'),
    containers: pod.containers.map((container) => ({ ...container, logs: trimmedLogs(container, measure.logChars) })),
  };
}

/** Of the log that decides as much as fits; of the other one its end. */
function trimmedLogs({ logs }: ContainerEvidence, chars: number): ContainerEvidence['logs'] {
  const { current, previous } = logs;
  return {
    ...(previous === undefined ? {} : { previous: trimmedLog(previous, chars) }),
    ...(current === undefined
      ? {}
      : { current: trimmedLog(current, previous === undefined ? chars : Math.ceil(chars / 4)) }),
  };
}

function trimmedLog(log: LogEvidence, chars: number): LogEvidence {
  if (log.text.length <= chars) return log;
  const end = Math.ceil(chars / 3);
  const decides = readLog(log.text)?.start ?? log.text.length;
  if (decides >= log.text.length - chars) return { text: wholeLines(log.text, log.text.length - chars), cut: true };
  const from = Math.max(0, decides - end);
  const middle = wholeLines(log.text.slice(0, from + chars - end), from);
  return { text: `${middle}\n[...]\n${wholeLines(log.text, log.text.length - end)}`, cut: true };
}

/** The text from the first line that begins at or after `from`; a single long line from `from` itself. */
function wholeLines(text: string, from: number): string {
  if (from <= 0) return text;
  const newline = text.indexOf('\n', from - 1);
  return text.slice(newline === -1 ? from : newline + 1);
}

/** Texts that are no logs, cut to what people read. */
function mapTexts(evidence: Evidence, cut: (text: string) => string): Evidence {
  return {
    ...evidence,
    events: evidence.events.map((event) => ({ ...event, message: cut(event.message) })),
    missing: evidence.missing.map(cut),
    pods: evidence.pods.map((pod) => ({
      ...pod,
      containers: pod.containers.map((container) => ({
        ...container,
        state: withCutMessage(container.state, cut),
        ...(container.lastState === undefined ? {} : { lastState: withCutMessage(container.lastState, cut) }),
      })),
    })),
    workload:
      evidence.workload === null
        ? null
        : {
            ...evidence.workload,
            containers: evidence.workload.containers.map((container) => ({
              ...container,
              env: container.env.map((entry) =>
                entry.value === undefined ? entry : { ...entry, value: cut(entry.value) },
              ),
            })),
          },
  };
}

function withCutMessage<State extends { message?: string }>(state: State, cut: (text: string) => string): State {
  return state.message === undefined ? state : { ...state, message: cut(state.message) };
}
