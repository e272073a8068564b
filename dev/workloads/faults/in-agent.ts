/** What faults and tests of KOSMOS' agents do inside an agent's container. */
import type { V1Pod } from '@kubernetes/client-node';
import { KintsugiError } from '../../../src/errors.ts';
import { isReady } from '../../../src/kubernetes/pods.ts';
import { execInPod } from '../exec.ts';
import type { BrokenTarget } from '../targets.ts';
import type { FaultContext } from './fault.ts';
import { podsOf } from './pods.ts';

/** Runs a command in one ready pod of an agent and returns what it printed. */
export async function inAgent(
  context: FaultContext,
  target: BrokenTarget,
  { command, pod, seconds = 60 }: { command: string[]; pod?: string; seconds?: number },
): Promise<string> {
  const { name, namespace } = (await readyPod(context, target, pod)).metadata ?? {};
  const where = { namespace: namespace ?? '', pod: name ?? '', container: target.container };
  return execInPod(context.kube.config, { ...where, command, seconds });
}

async function readyPod(context: FaultContext, target: BrokenTarget, name: string | undefined): Promise<V1Pod> {
  const pods = (await podsOf(context, target)).filter(isReady);
  const pod = name === undefined ? pods[0] : pods.find(({ metadata }) => metadata?.name === name);
  if (pod !== undefined) return pod;
  throw new KintsugiError('not-found', `${target.title} has no ready pod${name === undefined ? '' : ` ${name}`}`, {
    where: target.name,
    fix: 'Deploy the workloads first.',
  });
}

/**
 * Asks the agent from several sides at once, each question with a tool, until it no longer says that it is ready: with callbacks
 * that are synchronous one round is enough nearly always.
 */
const ASK_UNTIL_STUCK = `
import concurrent.futures, json, sys, time, urllib.error, urllib.request

address = "http://127.0.0.1:" + sys.argv[1]

def ask(visitor):
    question = {"conversation": f"visitor-{visitor}", "text": "what did we say of the invoice", "recall": "invoice"}
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(address + "/message", json.dumps(question).encode(), headers)
    try:
        urllib.request.urlopen(request, timeout=2).read()
    except OSError:
        pass

def is_stuck():
    # A busy machine may be late for once: who is stuck stays so.
    for _ in range(3):
        try:
            urllib.request.urlopen(address + "/ready", timeout=5).read()
            return False
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
        time.sleep(2)
    return True

with concurrent.futures.ThreadPoolExecutor(8) as people:
    for _ in range(30):
        list(people.map(ask, range(8)))
        if is_stuck():
            sys.exit(0)
sys.exit("it still answers")
`;

/** Lets eight people ask an agent's tool at once, until its two threads wait for each other. */
export async function askAtOnce(
  context: FaultContext,
  target: BrokenTarget,
  { port, pod }: { port: number; pod?: string },
): Promise<void> {
  context.progress(`${target.title}: eight people ask it at once`);
  const command = ['python', '-c', ASK_UNTIL_STUCK, `${port}`];
  await inAgent(context, target, { command, seconds: 120, ...(pod === undefined ? {} : { pod }) });
}

const SAY = `
import json, sys, urllib.request

for message in json.loads(sys.argv[2]):
    headers = {"Content-Type": "application/json"}
    address = f"http://127.0.0.1:{sys.argv[1]}/message"
    urllib.request.urlopen(urllib.request.Request(address, json.dumps(message).encode(), headers), timeout=30).read()
`;

/** Says something to an agent as its users do, and returns when it has kept all of it. */
export async function sayTo(
  context: FaultContext,
  target: BrokenTarget,
  { port, pod, messages }: { port: number; pod?: string; messages: { conversation: string; text: string }[] },
): Promise<void> {
  const command = ['python', '-c', SAY, `${port}`, JSON.stringify(messages)];
  await inAgent(context, target, { command, ...(pod === undefined ? {} : { pod }) });
}

/** In one transaction, so that the agent sees all of them or none. */
const GROW = `
import json, sqlite3, sys
from kosmos.settings import data_folder
from kosmos.store import FILE

count, tokens = int(sys.argv[1]), int(sys.argv[2])
context = json.dumps([1000 + i * 7919 % 127000 for i in range(tokens)], separators=(",", ":"))
store = sqlite3.connect(data_folder() / FILE)
with store:
    ids = [f"archived-{i:06}" for i in range(count)]
    store.executemany("INSERT INTO conversations VALUES (?, ?)", ((id, context) for id in ids))
    store.executemany("INSERT INTO messages VALUES (?, 0, 'user', 'hello')", ((id,) for id in ids))
print(count)
`;
/** The model's whole context: 22 KB of JSON on the volume and 160 KB as Python objects in the program. */
const TOKENS = 4096;

/** Puts conversations with their whole context on an agent's volume. */
export async function growConversations(context: FaultContext, target: BrokenTarget, count: number): Promise<void> {
  context.progress(`${target.title}: ${count} conversations with their whole context on its volume`);
  await inAgent(context, target, { command: ['python', '-c', GROW, `${count}`, `${TOKENS}`], seconds: 120 });
}
