import type { V1Pod } from '@kubernetes/client-node';
import { z } from 'zod';
import { readLog } from '../diagnosis/log-verdict.ts';
import { messageOf } from '../errors.ts';
import { callOptions } from '../kubernetes/transport.ts';
import type { Judgement } from '../verification/readiness.ts';
import type { Check, CheckContext } from './check.ts';

const params = z.strictObject({
  healthy: z
    .string()
    .min(1)
    .refine(isExpression, 'a regular expression')
    .optional()
    .describe('A regular expression that a line of a healthy start meets: Application startup complete'),
});

/** Of an instance's log: this much from its begin, where a start is told, and of a longer one this many last lines. */
const HEAD_BYTES = 1024 * 1024;
const TAIL_LINES = 1000;
const LONGEST_LINE = 8192;

/** The kubelet says so with status 200, as if it were a log line. */
const NO_LOG = /^unable to retrieve container logs for /;

const check: Check<z.infer<typeof params>> = {
  name: 'logs',
  summary: 'Each pod told in this instance that it has started, and no crash since.',
  params,
  async run(context, { healthy }) {
    if (healthy === undefined) return { result: 'unknown', saw: 'the runbook gives no pattern of a healthy start' };
    const { state, runbook } = context;
    if (state.current.length === 0) return { result: 'fail', saw: 'there is no pod to read the log of' };
    const judgements: Judgement[] = [];
    for (const pod of state.current) {
      const containers = pod.spec?.containers ?? [];
      const container = containers.find(({ name }) => name === runbook.spec.target.container) ?? containers[0];
      judgements.push(await judgePod(context, pod, container?.name ?? '', new RegExp(healthy)));
    }
    const worst =
      judgements.find(({ result }) => result === 'fail') ?? judgements.find(({ result }) => result === 'unknown');
    return worst ?? { result: 'pass', saw: judgements.map(({ saw }) => saw).join('; ') };
  },
};

export default check;

/** One pod's log: the started line, and what is written after it. The quoted cause is a name, never the line itself. */
async function judgePod(context: CheckContext, pod: V1Pod, container: string, healthy: RegExp): Promise<Judgement> {
  const who = `${container} of ${pod.metadata?.name}`;
  const log = await instanceLog(context, pod.metadata?.name ?? '', container);
  if ('unreadable' in log) return { result: 'unknown', saw: `${who}: its log could not be read: ${log.unreadable}` };
  const started = startOffset(log.text, healthy);
  if (started === undefined) {
    if (log.cut) return { result: 'unknown', saw: `${who}: no healthy start in what is kept of its long log` };
    return { result: 'fail', saw: `${who} has not told a healthy start (${healthy.source})` };
  }
  const crash = crashAfter(log.text.slice(started));
  if (crash !== undefined) return { result: 'fail', saw: `${who} started, and its log tells ${crash} since` };
  return { result: 'pass', saw: `${who} told a healthy start and no crash since` };
}

/** The instance's log from its begin; of one over 1 MiB its begin and its last lines. */
async function instanceLog(
  { kubernetes, target, signal }: CheckContext,
  name: string,
  container: string,
): Promise<{ text: string; cut: boolean } | { unreadable: string }> {
  const parameters = { namespace: target.namespace, name, container, limitBytes: HEAD_BYTES };
  try {
    const head = await kubernetes.core.readNamespacedPodLog(parameters, callOptions({ signal }));
    if (NO_LOG.test(head)) return { unreadable: 'the kubelet has none' };
    if (Buffer.byteLength(head) < HEAD_BYTES) return { text: head, cut: false };
    const tail = await kubernetes.core.readNamespacedPodLog(
      { ...parameters, tailLines: TAIL_LINES },
      callOptions({ signal }),
    );
    return { text: `${head}\n${tail}`, cut: true };
  } catch (thrown) {
    signal.throwIfAborted();
    return { unreadable: messageOf(thrown) };
  }
}

/** Where the line of the healthy start ends. */
function startOffset(text: string, healthy: RegExp): number | undefined {
  let offset = 0;
  for (const line of text.split('\n')) {
    offset += line.length + 1;
    if (healthy.test(line.slice(0, LONGEST_LINE))) return offset;
  }
  return undefined;
}

/** The cause of a crash that the log tells, weighed as for a diagnosis: what the program itself takes lightly is none. */
function crashAfter(text: string): string | undefined {
  const verdict = readLog(text);
  return verdict?.terminal === true ? verdict.cause : undefined;
}

function isExpression(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
