import type { V1Container, V1EnvVar } from '@kubernetes/client-node';
import type { Baseline } from '../../activities/baseline.ts';
import type { OwnedWorkload, Revision } from '../../kubernetes/revisions.ts';
import { canonicalText, templateHash, templateInPlaceOf, toJson } from '../../kubernetes/template.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { Secrets } from '../write/secrets.ts';

type Template = Workload['template'];

/** The template with the variable as it was healthy; `source`: the revision that still keeps it. */
export type Restoration = { template: Template; source?: Revision } | { refusal: { code: string; reason: string } };

/**
 * Puts one variable of one container back to the healthy baseline's, and proves that nothing else differs: the template so
 * made must have the baseline's hash (safety 7). Never a literal over a `valueFrom`.
 */
export function restoration(
  secrets: Secrets,
  { workload, revisions }: OwnedWorkload,
  baseline: Baseline,
  what: { container: string; variable: string },
): Restoration {
  const healthy = revisions.find((revision) => revision.templateHash === baseline.templateHash);
  const now = variableIn(workload.template, what);
  if (now.container === undefined) return refused('not-found', `there is no container ${what.container}`);
  const known = baseline.containers.find(({ name }) => name === what.container)?.env[what.variable];
  if (now.variable?.valueFrom !== undefined && (known === undefined || !('from' in known)))
    return refused('value-from', `${what.variable} now comes from elsewhere: a literal is never put over it`);
  if (known !== undefined && sameAsKnown(secrets, now.variable, known))
    return refused('not-changed', `${what.variable} has its healthy value: something else is wrong`);
  if (known === undefined && now.variable === undefined)
    return refused('not-changed', `${what.variable} was not set either when it was healthy`);
  const template =
    healthy === undefined
      ? fromBaseline(workload.template, what, known)
      : templateInPlaceOf(workload.template, healthy.template);
  if (template === null)
    return refused(
      'value-unknown',
      `the healthy value of ${what.variable} is a secret that no revision keeps any more`,
    );
  if (templateHash(template) === baseline.templateHash && differsOnlyIn(workload.template, template, what))
    return healthy === undefined ? { template } : { template, source: healthy };
  return refused('more-differs', `more than ${what.variable} differs from the template last seen healthy`);
}

/** The template with the value that the runbook gives the variable; never a literal over a `valueFrom`. */
export function declaredValue(
  template: Template,
  what: { container: string; variable: string },
  value: string,
): Restoration {
  const now = variableIn(template, what);
  if (now.container === undefined) return refused('not-found', `there is no container ${what.container}`);
  if (now.variable?.valueFrom !== undefined)
    return refused('value-from', `${what.variable} comes from elsewhere: a literal is never put over it`);
  if (now.variable !== undefined && (now.variable.value ?? '') === value)
    return refused('not-changed', `${what.variable} has the value that the runbook gives it: something else is wrong`);
  return {
    template: withEnv(template, what.container, (env) => {
      const index = env.findIndex(({ name }) => name === what.variable);
      const set = { name: what.variable, value };
      return index < 0 ? [...env, set] : env.with(index, set);
    }),
  };
}

/** Both templates without that variable of that container are one. */
function differsOnlyIn(a: Template, b: Template, what: { container: string; variable: string }): boolean {
  return templateHash(without(a, what)) === templateHash(without(b, what));
}

function without(template: Template, what: { container: string; variable: string }): Template {
  return withEnv(template, what.container, (env) => env.filter(({ name }) => name !== what.variable));
}

/** Where the variable stood in its list is known from the baseline's order. */
function fromBaseline(
  template: Template,
  what: { container: string; variable: string },
  known: Baseline['containers'][number]['env'][string] | undefined,
): Template | null {
  if (known !== undefined && 'hmac' in known) return null;
  return withEnv(template, what.container, (env) => {
    if (known === undefined) return env.filter(({ name }) => name !== what.variable);
    const restored: V1EnvVar =
      'value' in known
        ? { name: what.variable, value: known.value }
        : { name: what.variable, valueFrom: JSON.parse(JSON.stringify(known.from)) };
    const index = env.findIndex(({ name }) => name === what.variable);
    return index < 0 ? [...env, restored] : env.with(index, restored);
  });
}

function withEnv(template: Template, container: string, change: (env: V1EnvVar[]) => V1EnvVar[]): Template {
  if (template.spec === undefined) return template;
  const containers = template.spec.containers.map((candidate): V1Container => {
    if (candidate.name !== container) return candidate;
    const { env = [], ...rest } = candidate;
    const changed = change(env);
    return changed.length === 0 ? rest : { ...rest, env: changed };
  });
  return { ...template, spec: { ...template.spec, containers } };
}

function variableIn(
  template: Template,
  what: { container: string; variable: string },
): { container?: V1Container; variable?: V1EnvVar } {
  const container = template.spec?.containers.find(({ name }) => name === what.container);
  const variable = container?.env?.find(({ name }) => name === what.variable);
  return { ...(container === undefined ? {} : { container }), ...(variable === undefined ? {} : { variable }) };
}

function sameAsKnown(
  secrets: Secrets,
  now: V1EnvVar | undefined,
  known: Baseline['containers'][number]['env'][string],
): boolean {
  if (now === undefined) return false;
  if ('from' in known) return canonicalText(toJson(now.valueFrom)) === canonicalText(known.from);
  if (now.valueFrom !== undefined) return false;
  return 'value' in known ? (now.value ?? '') === known.value : secrets.hmac(now.value ?? '') === known.hmac;
}

function refused(code: string, reason: string): Restoration {
  return { refusal: { code, reason } };
}
