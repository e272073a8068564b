import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { readDeployed } from '../../dev/workloads/access.ts';
import type { Action } from '../../src/actions/action.ts';
import { actions } from '../../src/actions/registry.ts';
import { SESSION_LABEL } from '../../src/actions/session/pod.ts';
import { fileSchema } from '../../src/configuration/file.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'deploy', 'kubernetes');
const READ_VERBS = ['get', 'list', 'watch'];

const roleSchema = z.object({
  rules: z.array(
    z.object({ apiGroups: z.array(z.string()), resources: z.array(z.string()), verbs: z.array(z.string()) }),
  ),
});
type Rule = z.infer<typeof roleSchema>['rules'][number];

function rulesOf(file: string, kind: 'ClusterRole' | 'Role'): Rule[] {
  return readDeployed(file)
    .filter((object) => object.kind === kind)
    .flatMap((object) => roleSchema.parse(object).rules);
}

function allows(rules: Rule[], group: string, resource: string, verb: string): boolean {
  return rules.some(
    (rule) => rule.apiGroups.includes(group) && rule.resources.includes(resource) && rule.verbs.includes(verb),
  );
}

const observe = rulesOf('observe.yaml', 'ClusterRole');
const act = [
  ...rulesOf('act.yaml', 'ClusterRole'),
  ...rulesOf('act-on-volumes.yaml', 'ClusterRole'),
  ...rulesOf('copy-secret-in-namespace.yaml', 'Role'),
  ...rulesOf('exec-in-namespace.yaml', 'Role'),
  ...rulesOf('reset-in-namespace.yaml', 'Role'),
];

describe('the rights to observe', () => {
  test('are reads, and the connections that checks make', () => {
    const writes = observe.flatMap((rule) =>
      rule.resources.flatMap((resource) =>
        rule.verbs.filter((verb) => !READ_VERBS.includes(verb)).map((verb) => `${verb} ${resource}`),
      ),
    );
    expect(writes).toEqual(['create pods/portforward']);
  });

  test('read a Secret by its name and never list them', () => {
    const verbs = observe.filter((rule) => rule.resources.includes('secrets')).flatMap((rule) => rule.verbs);
    expect(verbs).toEqual(['get']);
  });

  test("write into ConfigMaps and Leases of Kintsugi's own namespace", () => {
    const own = readDeployed('observe.yaml').filter((object) => object.kind === 'Role');
    expect(own.map((object) => object.metadata.namespace)).toEqual(['kintsugi']);
    expect(rulesOf('observe.yaml', 'Role').flatMap((rule) => rule.resources)).toEqual(['configmaps', 'leases']);
  });

  test('are all that is installed at first', () => {
    const { resources } = z
      .object({ resources: z.array(z.string()) })
      .parse(parse(readFileSync(join(FOLDER, 'kustomization.yaml'), 'utf8')));
    expect(resources.filter((file) => file.startsWith('act'))).toEqual([]);
  });

  test('name no wildcard, and neither do those to act', () => {
    const all = [...observe, ...act].flatMap(({ apiGroups, resources, verbs }) => [
      ...apiGroups,
      ...resources,
      ...verbs,
    ]);
    expect(all.filter((name) => name.includes('*'))).toEqual([]);
  });
});

describe('the rights to act', () => {
  const all: Action<unknown>[] = Object.values(actions);

  test.each(all)('are enough for $name', (action) => {
    const missing = action.permissions(undefined).flatMap(({ group, resource, subresource, verbs }) => {
      const name = subresource === undefined ? resource : `${resource}/${subresource}`;
      const lacking = verbs.filter((verb) => !allows([...observe, ...act], group, name, verb));
      return lacking.map((verb) => `${verb} ${name}`);
    });
    expect(missing).toEqual([]);
  });

  test('hold in a namespace only where a RoleBinding gives them', () => {
    const bindings = ['namespace.yaml', 'observe.yaml', 'act.yaml', 'act-in-namespace.yaml']
      .flatMap(readDeployed)
      .filter((object) => JSON.stringify(object.roleRef ?? {}).includes('kintsugi-act'));
    expect(bindings.map(({ kind, metadata }) => `${kind} ${metadata.namespace}`)).toEqual(['RoleBinding bruno']);
  });

  test('run programs only in a namespace that opts in by a file of its own', () => {
    const others = [
      ...observe,
      ...rulesOf('act.yaml', 'ClusterRole'),
      ...rulesOf('act-on-volumes.yaml', 'ClusterRole'),
    ];
    expect(others.flatMap(({ resources }) => resources)).not.toContain('pods/exec');
    const own = readDeployed('exec-in-namespace.yaml');
    expect(own.map(({ kind, metadata }) => `${kind} ${metadata.namespace}`)).toEqual([
      'Role bruno',
      'RoleBinding bruno',
    ]);
    expect(rulesOf('exec-in-namespace.yaml', 'Role').flatMap(({ resources }) => resources)).toEqual(['pods/exec']);
  });

  test('put a container beside a program only in a namespace that opts in, and only one that looks at its processes', () => {
    const own = readDeployed('ephemeral-containers-in-namespace.yaml');
    const roles = own.filter(({ kind }) => kind === 'Role' || kind === 'RoleBinding');
    expect(roles.map(({ metadata }) => metadata.namespace)).toEqual(['bruno', 'bruno']);
    expect(act.flatMap(({ resources }) => resources)).not.toContain('pods/ephemeralcontainers');
    const policy = own.find(({ kind }) => kind === 'ValidatingAdmissionPolicy');
    const spec = JSON.stringify(policy?.spec);
    for (const part of ["startsWith('kintsugi-look-')", 'volumeMounts', 'privileged', "capability == 'SYS_PTRACE'"])
      expect(spec).toContain(part);
    const binding = own.find(({ kind }) => kind === 'ValidatingAdmissionPolicyBinding');
    expect(binding?.spec).toEqual({ policyName: policy?.metadata.name, validationActions: ['Deny'] });
  });

  test('let a pod be created as a dry run, or as a debug session without owner, token, claim or end, only', () => {
    const policy = readDeployed('act.yaml').find((object) => object.kind === 'ValidatingAdmissionPolicy');
    const spec = JSON.stringify(policy?.spec);
    for (const part of [
      'request.dryRun || (',
      SESSION_LABEL,
      '!has(object.metadata.ownerReferences)',
      'activeDeadlineSeconds',
    ])
      expect(spec).toContain(part);
    const binding = readDeployed('act.yaml').find((object) => object.kind === 'ValidatingAdmissionPolicyBinding');
    expect(binding?.spec).toEqual({ policyName: policy?.metadata.name, validationActions: ['Deny'] });
  });
});

describe('the rights on volumes', () => {
  test('hold in a namespace by its RoleBinding, but for keeping a PersistentVolume, which belongs to none', () => {
    const bindings = readDeployed('act-on-volumes.yaml').filter((object) => 'roleRef' in object);
    expect(bindings.map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.namespace ?? ''}`)).toEqual([
      'ClusterRoleBinding kintsugi-keep-volumes ',
      'RoleBinding kintsugi-act-on-volumes kosmos',
    ]);
    const roles = readDeployed('act-on-volumes.yaml').filter(({ kind }) => kind === 'ClusterRole');
    const cluster = roles.find(({ metadata }) => metadata.name === 'kintsugi-keep-volumes');
    expect(cluster?.rules).toEqual([{ apiGroups: [''], resources: ['persistentvolumes'], verbs: ['patch'] }]);
  });

  test('delete no PersistentVolume', () => {
    expect(allows([...observe, ...act], '', 'persistentvolumes', 'delete')).toBe(false);
  });
});

describe('the right to redeploy from manifests', () => {
  test('is a namespace of its own choice, reaches no Secret and makes no workload', () => {
    const own = readDeployed('reset-in-namespace.yaml').filter(({ metadata }) => metadata.namespace !== undefined);
    expect(own.map(({ kind, metadata }) => `${kind} ${metadata.namespace}`)).toEqual([
      'Role kosmos',
      'RoleBinding kosmos',
    ]);
    expect(rulesOf('reset-in-namespace.yaml', 'Role').flatMap(({ resources }) => resources)).toEqual([
      'configmaps',
      'services',
      'serviceaccounts',
      'persistentvolumeclaims',
      'horizontalpodautoscalers',
    ]);
  });
});

describe('the right to copy a pull secret', () => {
  test('takes back the one that is named, and creates nothing but pull secrets', () => {
    const [role] = readDeployed('copy-secret-in-namespace.yaml');
    expect(role?.rules).toEqual([
      { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
      { apiGroups: [''], resources: ['secrets'], resourceNames: ['ghcr-secret'], verbs: ['delete'] },
    ]);
    const policy = readDeployed('act.yaml').find(({ metadata }) => metadata.name === 'kintsugi-copies-pull-secrets');
    expect(JSON.stringify(policy?.spec)).toContain("object.type == 'kubernetes.io/dockerconfigjson'");
    const namespaces = readDeployed('copy-secret-in-namespace.yaml').map(({ metadata }) => metadata.namespace);
    expect(namespaces).toEqual(['bruno', 'bruno']);
  });

  test('to build by Jobs holds in their own namespace', () => {
    const builds = readDeployed('build-jobs.yaml').filter(({ kind }) => kind !== 'Namespace');
    expect(builds.map(({ metadata }) => metadata.namespace)).toEqual(['builds', 'builds']);
    expect(rulesOf('build-jobs.yaml', 'Role').flatMap(({ resources, verbs }) => [resources, verbs])).toEqual([
      ['jobs'],
      ['get', 'create', 'delete'],
    ]);
  });
});

describe('the manifests', () => {
  test('give Kintsugi a configuration that it accepts and in which nothing is automatic', () => {
    const [configMap] = readDeployed('configuration.yaml');
    const { data } = z.object({ data: z.record(z.string(), z.string()) }).parse(configMap);
    expect(fileSchema.parse(parse(data['configuration.yaml'] ?? '')).auto).toEqual([]);
  });

  test('give the gateway no credentials of the cluster', () => {
    const gateway = readDeployed('gateway.yaml').find((object) => object.kind === 'Deployment');
    expect(JSON.stringify(gateway)).toContain('"automountServiceAccountToken":false');
    expect(JSON.stringify(gateway)).not.toContain('serviceAccountName');
  });
});
