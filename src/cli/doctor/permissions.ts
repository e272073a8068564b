import { z } from 'zod';
import type { Permission } from '../../actions/action.ts';
import { resolveParameters } from '../../actions/parameters.ts';
import { type Configuration, modeFor } from '../../configuration/configuration.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import type { StoredRunbook } from '../../runbook/load.ts';
import { exampleNames } from '../../runbook/references.ts';
import { bad, type DoctorCheck, examine, good } from './check.ts';

/** What a recovery looks with, in the namespace of its target and of every dependency (deploy/kubernetes/observe.yaml). */
export const LOOK: readonly Permission[] = [
  { group: '', resource: 'pods', verbs: ['get', 'list'] },
  { group: '', resource: 'pods', subresource: 'log', verbs: ['get'] },
  { group: '', resource: 'pods', subresource: 'proxy', verbs: ['get'] },
  { group: '', resource: 'services', verbs: ['get'] },
  { group: '', resource: 'services', subresource: 'proxy', verbs: ['get'] },
  { group: '', resource: 'events', verbs: ['list'] },
  { group: '', resource: 'configmaps', verbs: ['get'] },
  { group: '', resource: 'secrets', verbs: ['get'] },
  { group: '', resource: 'nodes', verbs: ['get', 'list'] },
  { group: 'apps', resource: 'deployments', verbs: ['get', 'list'] },
  { group: 'apps', resource: 'statefulsets', verbs: ['get', 'list'] },
  { group: 'apps', resource: 'daemonsets', verbs: ['get', 'list'] },
  { group: 'apps', resource: 'replicasets', verbs: ['get', 'list'] },
  { group: 'apps', resource: 'controllerrevisions', verbs: ['get', 'list'] },
  { group: 'autoscaling', resource: 'horizontalpodautoscalers', verbs: ['list'] },
  { group: 'discovery.k8s.io', resource: 'endpointslices', verbs: ['list'] },
];

/** What Kintsugi keeps in its own namespace: leases, baselines, the pause switch. */
export const OWN: readonly Permission[] = [
  { group: '', resource: 'configmaps', verbs: ['get', 'create', 'update'] },
  { group: 'coordination.k8s.io', resource: 'leases', verbs: ['get', 'create', 'update'] },
];

/** Resources without a namespace, among those that are asked for. */
const OF_THE_CLUSTER = new Set([
  'nodes',
  'namespaces',
  'persistentvolumes',
  'storageclasses',
  'volumeattachments',
  'volumesnapshotclasses',
  'volumesnapshotcontents',
]);

const withDependency = z.looseObject({ of: z.string() });

/** What must be allowed in a namespace. `needed` is false while every runbook only observes there. */
export interface Demand {
  name: string;
  namespace: string;
  permissions: Permission[];
  needed: boolean;
  fix: string;
}

/** What the configured runbooks demand of RBAC, by namespace. */
export function demandsOf(configuration: Configuration, runbooks: readonly StoredRunbook[]): Demand[] {
  const looked = new Set(
    runbooks.flatMap(({ runbook: { spec } }) => [spec.target, ...spec.dependencies].map(({ namespace }) => namespace)),
  );
  const looks = [...looked].sort().map((namespace) => ({
    name: `look in ${namespace}`,
    namespace,
    permissions: [...LOOK],
    needed: true,
    fix: 'kubectl apply -f deploy/kubernetes/observe.yaml, or the same rules for this user',
  }));
  const own = {
    name: `own notes in ${configuration.namespace}`,
    namespace: configuration.namespace,
    permissions: [...OWN],
    needed: true,
    fix: 'kubectl apply -f deploy/kubernetes/namespace.yaml -f deploy/kubernetes/observe.yaml',
  };
  return [...looks, own, ...actDemands(configuration, runbooks), ...buildDemands(configuration)];
}

/** Build hooks that are Jobs are made and stopped in their own namespaces. */
function buildDemands({ builds }: Configuration): Demand[] {
  const namespaces = new Set(builds.flatMap(({ job }) => (job === undefined ? [] : [job.namespace])));
  return [...namespaces].sort().map((namespace) => ({
    name: `build in ${namespace}`,
    namespace,
    permissions: [{ group: 'batch', resource: 'jobs', verbs: ['get', 'create', 'delete'] }],
    needed: true,
    fix: `kubectl apply -f deploy/kubernetes/build-jobs.yaml, or its rules for ${namespace}`,
  }));
}

/** Every permission of every action that a remedy or a procedure names, in the namespace of what it acts on. */
function actDemands(configuration: Configuration, runbooks: readonly StoredRunbook[]): Demand[] {
  const demands = new Map<string, Demand>();
  for (const { name, runbook } of runbooks) {
    const { spec } = runbook;
    const needed = modeFor(configuration, spec.target.namespace, name) !== 'observe' && spec.mode !== 'observe';
    const remedies = [...spec.causes.flatMap((cause) => cause.remedies), ...spec.procedures];
    const examples = exampleNames(spec);
    for (const call of remedies.flatMap(({ actions }) => actions)) {
      const { action, params } = resolveParameters(call, spec, examples);
      const of = withDependency.safeParse(params).data?.of;
      const subject = spec.dependencies.find((dependency) => dependency.name === of) ?? spec.target;
      const demand = demands.get(subject.namespace) ?? newDemand(subject.namespace);
      demand.permissions.push(...action.permissions(params));
      demand.needed ||= needed;
      demands.set(subject.namespace, demand);
    }
  }
  return [...demands.values()];
}

function newDemand(namespace: string): Demand {
  const fix = `kubectl apply -f deploy/kubernetes/act.yaml, and a RoleBinding as in act-in-namespace.yaml for ${namespace} (for copy-secret also the Role of copy-secret-in-namespace.yaml, for what runs programs that of exec-in-namespace.yaml, for volumes act-on-volumes.yaml)`;
  return { name: `act in ${namespace}`, namespace, permissions: [], needed: false, fix };
}

/** Asks the API server whether each demand is met; what is not needed while the mode is observe is no fault. */
export function permissionChecks(kubernetes: Kubernetes, demands: readonly Demand[]): Promise<DoctorCheck[]> {
  return Promise.all(
    demands.map((demand) =>
      examine(demand.name, async () => {
        const missing = await missingOf(kubernetes, demand);
        if (missing.length === 0) return good(demand.name, 'allowed');
        if (!demand.needed) return good(demand.name, 'not allowed, and not needed: the mode here is observe');
        return bad(demand.name, `not allowed: ${missing.join(', ')}`, demand.fix);
      }),
    ),
  );
}

/** The parts of a demand that are not allowed, as `patch apps/deployments`. */
async function missingOf(kubernetes: Kubernetes, { namespace, permissions }: Demand): Promise<string[]> {
  const asked = new Map<
    string,
    { group: string; resource: string; subresource?: string; name?: string; verb: string }
  >();
  for (const { verbs, ...what } of permissions) {
    for (const verb of verbs) asked.set(permissionText({ ...what, verb }), { ...what, verb });
  }
  const answers = await Promise.all(
    [...asked].map(async ([text, attributes]) => {
      const place = OF_THE_CLUSTER.has(attributes.resource) ? {} : { namespace };
      const { status } = await kubernetes.authorization.createSelfSubjectAccessReview({
        body: { spec: { resourceAttributes: { ...attributes, ...place } } },
      });
      return status?.allowed === true ? [] : [text];
    }),
  );
  return answers.flat();
}

function permissionText({
  group,
  resource,
  subresource,
  name,
  verb,
}: {
  group: string;
  resource: string;
  subresource?: string;
  name?: string;
  verb: string;
}): string {
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  return `${verb} ${group === '' ? what : `${what}.${group}`}${name === undefined ? '' : ` ${name}`}`;
}
