import type { V1Pod } from '@kubernetes/client-node';
import { z } from 'zod';
import { KintsugiError, messageOf } from '../errors.ts';
import { execInPod } from '../kubernetes/exec.ts';
import { proxyDownload } from '../kubernetes/proxy.ts';
import { atPointer, toJson } from '../kubernetes/template.ts';
import type { Json } from '../recovery/values.ts';
import type { DataCheck } from '../runbook/schema.ts';
import type { Judgement } from '../verification/readiness.ts';
import type { Check, CheckContext } from './check.ts';
import { podPort } from './ports.ts';

const PATIENCE_MS = 10_000;
/** What a pattern is looked for in; more of an answer is not read. */
const MOST_BYTES = 1024 * 1024;

const params = z.strictObject({
  unless: z.boolean().default(false).describe('true: the data was cleared on purpose, and nothing is asked'),
});

/** Ready on an empty volume is not restored (safety 24): each pod is asked whether its data is there. The data is not quoted. */
const check: Check<z.infer<typeof params>> = {
  name: 'data',
  summary: "Each pod answers the runbook's `dataCheck` as one that has its data.",
  params,
  async run(context, { unless }) {
    if (unless) return { result: 'pass', saw: 'not asked: the data was cleared on purpose' };
    const { state, runbook } = context;
    const { dataCheck } = runbook.spec;
    if (dataCheck === undefined) return { result: 'unknown', saw: 'the runbook has no dataCheck' };
    if (state.current.length === 0) return { result: 'fail', saw: 'there is no pod to ask' };
    const judgements: Judgement[] = [];
    for (const pod of state.current) judgements.push(await judgePod(context, dataCheck, pod));
    const worst = (['fail', 'unknown'] as const).find((result) => judgements.some((one) => one.result === result));
    const told = worst === undefined ? judgements : judgements.filter(({ result }) => result === worst);
    return { result: worst ?? 'pass', saw: told.map(({ saw }) => saw).join('; ') };
  },
};

export default check;

async function judgePod(context: CheckContext, dataCheck: DataCheck, pod: V1Pod): Promise<Judgement> {
  const name = pod.metadata?.name ?? '';
  try {
    const answer = await answerOf(context, dataCheck, pod);
    if (typeof answer !== 'string') return answer;
    return judgeAnswer(name, dataCheck, answer);
  } catch (thrown) {
    context.signal.throwIfAborted();
    return { result: refusedBy(thrown) ? 'fail' : 'unknown', saw: `pod ${name}: ${messageOf(thrown)}` };
  }
}

/** The text to judge, or what is to say without one. */
async function answerOf(context: CheckContext, { exec, http }: DataCheck, pod: V1Pod): Promise<string | Judgement> {
  const { kubernetes, runbook, signal } = context;
  const { namespace = '', name = '' } = pod.metadata ?? {};
  if (exec !== undefined) {
    const container = runbook.spec.target.container ?? pod.spec?.containers[0]?.name ?? '';
    const request = { namespace, pod: name, container, command: exec.command, timeoutMs: PATIENCE_MS, signal };
    const { exitCode, stdout } = await execInPod(kubernetes, request);
    if (exitCode === 0) return stdout;
    return { result: 'fail', saw: `${exec.command[0]} in pod ${name} ended with ${exitCode}` };
  }
  const port = http?.port ?? podPort(pod, undefined, runbook.spec.target.container);
  if (http === undefined || port === undefined)
    return { result: 'unknown', saw: `no port is known to ask pod ${name} at` };
  const request = { namespace, through: 'pods' as const, name, port, path: http.path };
  const bytes = await proxyDownload(kubernetes, request, AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]));
  return bytes.subarray(0, MOST_BYTES).toString('utf8');
}

/** Whether an answer speaks of data; it says numbers, and nothing else of what it read. */
export function judgeAnswer(pod: string, { exec, http, minimum }: DataCheck, answer: string): Judgement {
  const pattern = (exec ?? http)?.pattern;
  if (pattern !== undefined && !new RegExp(pattern).test(answer))
    return { result: 'fail', saw: `pod ${pod} answered, and not as ${pattern}: its data is not there` };
  if (minimum === undefined) return { result: 'pass', saw: `pod ${pod} answered as ${pattern}` };
  const { pointer, value } = minimum;
  const found = numberAt(answer, pointer);
  if (found === undefined) return { result: 'fail', saw: `pod ${pod} answered no number at ${pointer}` };
  const saw = `pod ${pod} has ${found} at ${pointer}`;
  return found >= value ? { result: 'pass', saw } : { result: 'fail', saw: `${saw}, fewer than ${value}` };
}

function numberAt(answer: string, pointer: string): number | undefined {
  let document: Json;
  try {
    document = toJson(JSON.parse(answer));
  } catch {
    return undefined;
  }
  const found = atPointer(document, pointer);
  return typeof found === 'number' ? found : undefined;
}

/** The program's own answer, or a program that is not there, is about the target; a missing permission is not. */
function refusedBy(thrown: unknown): boolean {
  if (!(thrown instanceof KintsugiError)) return false;
  const { cause } = thrown;
  const answered = typeof cause === 'object' && cause !== null && 'fromApiServer' in cause && !cause.fromApiServer;
  return answered || thrown.code === 'not-found';
}
