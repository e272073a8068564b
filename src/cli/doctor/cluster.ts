import { readPause } from '../../activities/pause.ts';
import type { Configuration } from '../../configuration/configuration.ts';
import { KintsugiError } from '../../errors.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { listWorkloads } from '../../kubernetes/workloads.ts';
import type { StoredRunbook } from '../../runbook/load.ts';
import { configuredCluster } from '../cluster.ts';
import { bad, type DoctorCheck, examine, faultOf, good } from './check.ts';
import { demandsOf, permissionChecks } from './permissions.ts';

/** Whether the cluster answers, allows what the runbooks need, has their targets, and is not paused. */
export async function clusterChecks(
  configuration: Configuration,
  runbooks: readonly StoredRunbook[],
): Promise<DoctorCheck[]> {
  const kubernetes = connect(configuration);
  if (kubernetes instanceof KintsugiError) return [bad('Kubernetes', kubernetes.message, kubernetes.fix)];
  const reached = await examine('Kubernetes', () => checkServer(kubernetes));
  if (!reached.ok) return [reached];
  const [permissions, targets, pause] = await Promise.all([
    permissionChecks(kubernetes, demandsOf(configuration, runbooks)),
    Promise.all(runbooks.map((runbook) => checkTarget(kubernetes, runbook))),
    examine('pause switch', () => checkPause(kubernetes, configuration)),
  ]);
  return [reached, ...permissions, ...targets, pause];
}

function connect(configuration: Configuration): Kubernetes | KintsugiError {
  try {
    return configuredCluster(configuration);
  } catch (thrown) {
    return faultOf(thrown);
  }
}

async function checkServer({ version, config }: Kubernetes): Promise<DoctorCheck> {
  const { gitVersion } = await version.getCode();
  const server = config.getCurrentCluster()?.server ?? '';
  return good('Kubernetes', `${gitVersion} answers at ${server}, context ${config.getCurrentContext()}`);
}

function checkTarget(kubernetes: Kubernetes, { name, runbook }: StoredRunbook): Promise<DoctorCheck> {
  const { namespace, kinds, name: own, selector } = runbook.spec.target;
  const check = `target of ${name}`;
  return examine(check, async () => {
    const query = { namespace, kinds, ...(selector === undefined ? {} : { selector }) };
    const found = (await listWorkloads(kubernetes, query)).filter(
      (workload) => own === undefined || workload.name === own,
    );
    if (found.length > 0) {
      return good(check, found.map((workload) => `${workload.kind} ${namespace}/${workload.name}`).join(', '));
    }
    const wanted = [kinds.join(' or '), `${namespace}/${own ?? '*'}`, selector === undefined ? '' : `(${selector})`];
    const fix = 'correct spec.target in the runbook, or KUBECONFIG if this is another cluster';
    return bad(check, `not found: ${wanted.join(' ').trim()}`, fix);
  });
}

async function checkPause(kubernetes: Kubernetes, { namespace }: Configuration): Promise<DoctorCheck> {
  const state = await readPause({ kubernetes, namespace });
  if (!state.paused) return good('pause switch', 'remedies are not paused');
  const since = state.at === '' ? '' : ` since ${state.at}`;
  return bad(
    'pause switch',
    `remedies are paused by ${state.actor}${since}: ${state.reason}`,
    'kintsugi resume --actor YOU',
  );
}
