import type { V1Pod } from '@kubernetes/client-node';
import { parseAddress } from '../../dependencies/address.ts';
import { KintsugiError } from '../../errors.ts';
import { type ExecResult, execInPod } from '../../kubernetes/exec.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { Dependency } from '../../runbook/schema.ts';
import type { WriteContext } from '../action.ts';
import { boundedLines } from '../plan/bounded.ts';
import type { SessionArgs } from './arguments.ts';
import { environmentLines, parseEnvironment } from './environment.ts';

/** What a person would try first in the shell, done for them: not ping, for a Service's address answers none. */

const EXEC_MS = 10_000;

/** The session's container, and whose environment it has. */
export interface Session {
  workload: Workload;
  pod: V1Pod;
}

/** Runs one program inside the session. */
export type Run = (command: string[]) => Promise<ExecResult>;

/**
 * The environment and the reach of every dependency of the runbook as seen from inside, and how a person gets a shell there: lines
 * for people, without a secret's value. What the image has no program for is said to be not possible.
 */
export async function sessionFindings(
  context: WriteContext,
  args: Pick<SessionArgs, 'container'>,
  session: Session,
  run: Run = runIn(context, args.container, session.pod),
): Promise<string[]> {
  const { namespace = '', name = '' } = session.pod.metadata ?? {};
  const shell = `a shell in it: kubectl exec -it -n ${namespace} ${name} -c ${args.container} -- sh`;
  const environment = await seen(run, ['env']);
  const variables = 'notPossible' in environment ? {} : parseEnvironment(environment.stdout);
  const env =
    'notPossible' in environment
      ? [`environment: not possible: ${environment.notPossible}`]
      : environmentLines(context, session.workload, args.container, variables);
  const reach = await Promise.all(
    context.runbook.spec.dependencies.map((dependency) => reachOf(context, run, dependency, variables)),
  );
  return boundedLines([shell, ...reach, ...env], 'look into it by the shell');
}

function runIn(context: WriteContext, container: string, { metadata }: V1Pod): Run {
  const { namespace = '', name: pod = '' } = metadata ?? {};
  return (command) => {
    context.heartbeat(`running ${command[0]} in pod ${pod}`);
    const { kubernetes, signal } = context;
    return execInPod(kubernetes, { namespace, pod, container, command, timeoutMs: EXEC_MS, signal });
  };
}

async function reachOf(
  context: WriteContext,
  run: Run,
  dependency: Dependency,
  variables: Record<string, string>,
): Promise<string> {
  const { name, env, type, path = '/' } = dependency;
  const place = placeOf(dependency, env === undefined ? undefined : variables[env]);
  if (place === null) {
    const why = env === undefined ? 'the runbook names no variable with its address' : `${env} holds no address`;
    return `${name}: not possible: ${why}`;
  }
  const { host, port, scheme } = place;
  const answers = [await nameOf(run, host), await tcpOf(run, host, port)];
  if (type === 'http') answers.push(await httpOf(context, run, `${scheme}://${host}:${port}${path}`, path));
  return `${name} (${host}:${port}): ${answers.join('; ')}`;
}

interface Place {
  host: string;
  port: number;
  scheme: string;
}

/** The first host of an address; null where it is none, or no port is known. */
function placeOf({ port: declared }: Dependency, text: string | undefined): Place | null {
  const address = parseAddress(text ?? '');
  const [first] = address?.hosts ?? [];
  if (address === null || first === undefined || first.host === '') return null;
  const port = first.port ?? declared ?? PORTS[address.scheme];
  return port === undefined ? null : { host: first.host.replace(/^\[|\]$/g, ''), port, scheme: address.scheme };
}

const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443, redis: 6379, rediss: 6379, mongodb: 27017 };

/** By the cluster's DNS, through the search list as the resolver goes through it; an address needs no name. */
async function nameOf(run: Run, host: string): Promise<string> {
  if (/^[\d.]+$|:/.test(host)) return 'an address, no name';
  const config = await seen(run, ['cat', '/etc/resolv.conf']);
  const search = 'notPossible' in config ? [] : (/^search\s+(.*)$/m.exec(config.stdout)?.[1] ?? '').split(/\s+/);
  for (const suffix of ['', ...search.filter((domain) => domain !== '')]) {
    const asked = suffix === '' ? host : `${host}.${suffix}`;
    const answer = await seen(run, ['nslookup', asked]);
    if ('notPossible' in answer) return `name: not possible: ${answer.notPossible}`;
    const [, ...found] = answer.stdout.split(/^Name:/m);
    const addresses = [...found.join('\n').matchAll(/^Address(?: \d+)?:\s*(\S+)/gm)].map(([, address]) => address);
    if (addresses.length > 0) return `the name resolves to ${[...new Set(addresses)].join(', ')}`;
  }
  return 'the name does NOT resolve';
}

/** `-e` runs a program when connected: that ends it at once, whatever the other side then says. */
async function tcpOf(run: Run, host: string, port: number): Promise<string> {
  const answer = await seen(run, ['timeout', '6', 'nc', '-w', '5', host, String(port), '-e', 'true']);
  if ('notPossible' in answer) return `TCP: not possible: ${answer.notPossible}`;
  return answer.exitCode === 0 ? 'TCP is open' : `TCP is NOT open: ${reasonOf(answer, 'no answer within 5 s')}`;
}

async function httpOf({ secrets }: WriteContext, run: Run, url: string, path: string): Promise<string> {
  const answer = await seen(run, ['timeout', '8', 'wget', '-q', '-O', '-', url]);
  if ('notPossible' in answer) return `HTTP: not possible: ${answer.notPossible}`;
  if (answer.exitCode !== 0) return `GET ${path} FAILED: ${reasonOf(answer, 'no answer within 8 s')}`;
  const body = answer.stdout.replace(/\s+/g, ' ').trim().slice(0, 120);
  const shown = body === '' || secrets.isSecret('', body) ? '' : `: ${body}`;
  return `GET ${path} answers${shown}`;
}

function reasonOf({ stderr, exitCode }: ExecResult, silent: string): string {
  const [line = ''] = stderr.trim().split('\n').slice(-1);
  return line === '' ? `${silent} (exit code ${exitCode})` : line.slice(0, 200);
}

/** A program that is not there, or cannot be run, is an answer too; what passes by itself is thrown only by the signal. */
async function seen(run: Run, command: string[]): Promise<ExecResult | { notPossible: string }> {
  try {
    const result = await run(command);
    // `timeout` says so itself where the program that it should run is not there.
    return result.exitCode === 127 ? { notPossible: result.stderr.trim().slice(0, 200) } : result;
  } catch (error) {
    if (error instanceof KintsugiError) return { notPossible: error.message };
    throw error;
  }
}
