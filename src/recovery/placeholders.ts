import type { Finding, Json, Target } from './values.ts';

/** What a runbook's words for people leave open, as kubectl's documentation does: `kubectl exec -it <pod> -n <namespace> -- sh`. Pure. */
export const PLACEHOLDERS = ['namespace', 'kind', 'name', 'pod', 'container', 'labels'] as const;

type Names = Partial<Record<(typeof PLACEHOLDERS)[number], string>>;

/** What is known of a target's names. */
export interface Named {
  target: Target | null;
  finding: Pick<Finding, 'pod' | 'container'> | null;
  /** The evidence, or its excerpt: the labels of the workload's pods stand in it. */
  evidence: Json | undefined;
}

/** The text with every `<name>` in its place that is known; what is not known is left open for people to fill in. */
export function withNames(text: string, named: Named): string {
  const names = namesOf(named);
  return text.replace(/<([a-z]+)>/g, (written, name: string) => {
    const known = PLACEHOLDERS.find((placeholder) => placeholder === name);
    return (known === undefined ? undefined : names[known]) ?? written;
  });
}

function namesOf({ target, finding, evidence }: Named): Names {
  const labels = labelsOf(evidence);
  return {
    ...(target === null ? {} : { namespace: target.namespace, kind: target.kind.toLowerCase(), name: target.name }),
    ...(finding?.pod === undefined ? {} : { pod: finding.pod }),
    ...(finding?.container === undefined ? {} : { container: finding.container }),
    ...(labels === '' ? {} : { labels }),
  };
}

/** As `kubectl get pods -l` takes them: all of them, since a workload's own selector may be another's too. */
function labelsOf(evidence: Json | undefined): string {
  const labels = member(member(evidence, 'workload'), 'podLabels');
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) return '';
  return Object.entries(labels)
    .filter(([, value]) => typeof value === 'string')
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

function member(value: Json | undefined, key: string): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value[key] : undefined;
}
