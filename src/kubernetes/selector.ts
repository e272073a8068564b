import type { V1LabelSelector } from '@kubernetes/client-node';

/** A label selector as a list call takes it: `app=agent-bruno,tier in (a,b),!canary`. An empty selector selects everything. */
export function selectorText(selector: V1LabelSelector): string {
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
  });
  return [...labels, ...expressions].join(',');
}

/** Whether labels have every `key=value` of a runbook's equality selector (`app=agent-bruno,tier=api`). */
export function selectorMatches(selector: string, labels: Record<string, string>): boolean {
  return selector
    .split(',')
    .map((term) => term.trim())
    .filter((term) => term !== '')
    .every((term) => {
      const [key = '', value] = term.split(/==?/, 2);
      return value === undefined ? key in labels : labels[key] === value;
    });
}

/** Whether labels satisfy a label selector; an empty one selects everything (apimachinery, LabelSelectorAsSelector). */
export function labelsMatch(
  { matchLabels = {}, matchExpressions = [] }: V1LabelSelector,
  labels: Record<string, string>,
): boolean {
  if (!Object.entries(matchLabels).every(([key, value]) => labels[key] === value)) return false;
  return matchExpressions.every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === 'Exists') return value !== undefined;
    if (operator === 'DoesNotExist') return value === undefined;
    const listed = value !== undefined && values.includes(value);
    return operator === 'In' ? listed : !listed;
  });
}
