import type { FindingParts } from './finding.ts';

/**
 * The permission that the Kubernetes API refuses, out of its own words (apiserver, responsewriters/errors.go): the
 * ServiceAccount, the verb, the resource and where. Null where the line says less.
 */
export function refusedPermission(line: string): Pick<FindingParts, 'subject' | 'summary' | 'mend'> | null {
  const plain = line.replaceAll('\\', '');
  const found =
    /system:serviceaccount:([^:"]+):([^"]+)" cannot (\w+) resource "([^"]+)"(?: in API group "([^"]*)")?(?: in the namespace "([^"]+)")?/.exec(
      plain,
    );
  if (found === null) return null;
  const [, namespace = '', account = '', verb = '', resource = '', group = '', place] = found;
  const what = group === '' ? resource : `${resource}.${group}`;
  const where = place === undefined ? 'at the cluster scope' : `in namespace ${place}`;
  const role = place === undefined ? 'a ClusterRole and a ClusterRoleBinding' : `a Role and a RoleBinding in ${place}`;
  return {
    subject: `${verb} ${what}`,
    summary: `ServiceAccount ${namespace}/${account} may not ${verb} ${what} ${where}.`,
    mend: `Grant it by ${role}, or use another serviceAccountName.`,
  };
}
