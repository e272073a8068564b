import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { eventLine } from '../src/cli/event-line.ts';
import { KintsugiError, messageOf } from '../src/errors.ts';
import { workflowIdOf } from '../src/recovery/ids.ts';
import { interruption } from './interruption.ts';
import { type Fault, placeOf } from './workloads/faults/fault.ts';
import { applyFault, FAULTS } from './workloads/faults/registry.ts';
import { waitForBaseline } from './world/baseline.ts';
import { follow, observe } from './world/recovery.ts';
import { startWorld, type World } from './world/world.ts';

/** `npm start`: breaks agent-bruno or an agent of KOSMOS and recovers it before your eyes. */

/** A fault without an alert begins no recovery. */
const SHOWN = [...FAULTS.values()].filter(({ alerts }) => alerts.length > 0).map(({ name }) => name);
const USAGE = `npm start [-- --fault NAME] [-- --once]
  --fault NAME  what is broken: ${SHOWN.join(', ')} (default: memory)
  --once        end after the recovery; the exit code is 0 only if it recovered`;
/** A recovery that takes longer than its own 15 minutes and the look afterwards has failed. */
const LONGEST_MS = 20 * 60_000;

interface Options {
  fault: Fault;
  once: boolean;
}

const begun = Date.now();

/** Progress and the story go to the terminal, each line with the minutes and seconds since the start. */
function say(line: string): void {
  const seconds = Math.round((Date.now() - begun) / 1000);
  const clock = `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
  process.stdout.write(`${clock}  ${line}\n`);
}

function readOptions(args: string[]): Options {
  try {
    const { values } = parseArgs({
      args,
      options: { fault: { type: 'string' }, once: { type: 'boolean' }, help: { type: 'boolean' } },
    });
    if (values.help) {
      process.stdout.write(`${USAGE}\n`);
      process.exit(0);
    }
    const name = values.fault ?? 'memory';
    const fault = FAULTS.get(name);
    if (fault === undefined) throw new Error(`there is no fault "${name}"`);
    if (fault.alerts.length === 0) throw new Error(`no alert tells of "${name}", so nothing begins its recovery`);
    return { fault, once: values.once ?? false };
  } catch (thrown) {
    process.stderr.write(`${messageOf(thrown)}\n${USAGE}\n`);
    process.exit(2);
  }
}

/** Where the recovery of a fault takes place. */
function targetOf({ namespaces }: World, { target }: Fault) {
  return { ...placeOf({ namespaces }, target), kind: target.kind };
}

/** Breaks the workload and tells the recovery step by step. Returns whether it recovered. */
async function breakAndRecover(world: World, fault: Fault, signal: AbortSignal): Promise<boolean> {
  const { kubernetes, namespaces, kintsugi } = world;
  const target = targetOf(world, fault);
  say(`waiting until Kintsugi has seen ${target.name} healthy (it must know what it would return to)`);
  await waitForBaseline(kubernetes, kintsugi.environment.KINTSUGI_NAMESPACE ?? 'kintsugi', target, signal);
  const { summary, alerts } = await applyFault(fault.name, {
    kube: kubernetes,
    namespaces,
    registry: world.cluster.registry,
    progress: say,
    signal,
  });
  say(`BROKEN: ${summary}`);
  say(`waiting for the alert ${alerts[0]} of Prometheus`);
  const workflowId = workflowIdOf('development', target);
  const observer = await observe(world.temporal.address);
  try {
    let linked = false;
    const { record } = await follow(observer, workflowId, {
      done: ({ recovered, closed }) => recovered !== null || closed !== null,
      onEvent: (event) => {
        if (!linked) say(`the recovery: ${uiLink(world, workflowId)}`);
        linked = true;
        const line = eventLine(event);
        if (line !== null) say(`  ${line}`);
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)]),
    });
    return record.recovered?.by === 'remedy';
  } finally {
    await observer.close();
  }
}

function uiLink(world: World, workflowId: string): string {
  return `${world.temporal.uiUrl}/namespaces/default/workflows/${encodeURIComponent(workflowId)}`;
}

function tellWhereToLook(world: World, { namespace, kind, name }: ReturnType<typeof targetOf>): void {
  const { temporal, monitoring, cluster, kintsugi } = world;
  say('');
  say(`Temporal UI      ${temporal.uiUrl}`);
  say(`Prometheus       ${monitoring.prometheusUrl}/alerts`);
  say(`Alertmanager     ${monitoring.alertmanagerUrl}`);
  say(`Kubernetes       kubectl --kubeconfig ${cluster.kubeconfig} -n ${namespace} get pods`);
  const settings = ['KINTSUGI_CLUSTER', 'TEMPORAL_ADDRESS'].map((name) => `${name}=${kintsugi.environment[name]}`);
  say(`The recovery     ${settings.join(' ')} npx kintsugi show ${namespace}/${kind.toLowerCase()}/${name}`);
}

const options = readOptions(process.argv.slice(2));
const stopping = interruption();

let exitCode = 1;
let world: World | undefined;
try {
  const onPage = (page: { body: { event: string; title: string } }) =>
    say(`  PAGE (${page.body.event}): ${page.body.title}`);
  const { fault } = options;
  const workloads = [fault.target.workload];
  world = await startWorld({ workloads, progress: say, onPage, signal: stopping });
  const recovered = await breakAndRecover(world, fault, stopping);
  say(
    recovered
      ? `RECOVERED: ${fault.target.name} is healthy again`
      : 'NOT RECOVERED: a person was paged with all that was seen',
  );
  exitCode = recovered ? 0 : 1;
  tellWhereToLook(world, targetOf(world, fault));
  if (!options.once) {
    say('Everything stays up for a look; Ctrl-C takes it all away.');
    await sleep(2 ** 31 - 1, undefined, { signal: stopping });
  }
} catch (thrown) {
  if (!stopping.aborted) {
    const fix = thrown instanceof KintsugiError ? ` (${thrown.where}: ${thrown.fix})` : '';
    process.stderr.write(`npm start: ${messageOf(thrown)}${fix}\n`);
  }
} finally {
  say('taking everything away');
  await world?.stop();
  say('nothing is left running');
}
process.exit(stopping.aborted && exitCode !== 0 ? 130 : exitCode);
