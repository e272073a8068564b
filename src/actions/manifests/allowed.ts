import type { V1PodTemplateSpec } from '@kubernetes/client-node';
import { objectText } from '../../kubernetes/objects.ts';
import { referencesOf } from '../../kubernetes/references.ts';
import { selectorMatches } from '../../kubernetes/selector.ts';
import { atPointer, isRecord } from '../../kubernetes/template.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { Json, Target } from '../../recovery/values.ts';
import { ask, FINE, refuse, together, type Verdict } from '../rules/verdict.ts';
import { isFromTemplate } from '../volume/mounters.ts';
import type { Manifest } from './parse.ts';

/** What may be applied, and in which order: what others need comes first. A Secret never is: it would stand in a plan. */
const ALLOWED = [
  'v1 ServiceAccount',
  'v1 ConfigMap',
  'v1 PersistentVolumeClaim',
  'v1 Service',
  'apps/v1 Deployment',
  'apps/v1 StatefulSet',
  'autoscaling/v2 HorizontalPodAutoscaler',
];

const rank = ({ ref }: Manifest) => ALLOWED.indexOf(`${ref.apiVersion} ${ref.kind}`);

/** The manifests in the order in which they are applied. */
export function inOrder(manifests: readonly Manifest[]): Manifest[] {
  return manifests.toSorted((a, b) => rank(a) - rank(b));
}

/** Whether a manifest is the target's own. */
export function isTargets({ ref }: Manifest, { namespace, kind, name }: Target): boolean {
  return ref.namespace === namespace && ref.kind === kind && ref.name === name;
}

/** Nothing but what belongs to the target is applied: its namespace, its kinds, itself and what it needs. */
export function belongsToTarget(manifests: readonly Manifest[], workload: Workload): Verdict {
  const own = manifests.find((manifest) => isTargets(manifest, workload));
  const used = new Set([...usedBy(workload.template), ...usedBy(own === undefined ? {} : templateOf(own))]);
  const faults = [...manifests.map((manifest) => faultOf(manifest, workload, used)), twice(manifests)];
  const refused = together(...faults);
  if (refused.refusal !== undefined) return refused;
  if (own !== undefined) return refused;
  const list = manifests.map(({ ref }) => objectText(ref)).join(', ');
  return refuse('no-manifest', `none of the manifests is that of ${objectText(workload.ref)}: ${list}`);
}

function faultOf(manifest: Manifest, workload: Workload, used: ReadonlySet<string>): Verdict {
  const { ref, where } = manifest;
  const what = `${where}: ${objectText(ref)}`;
  if (ref.namespace !== workload.namespace)
    return refuse('other-namespace', `${what} is not in namespace ${workload.namespace}`);
  if (rank(manifest) < 0)
    return refuse('kind-not-allowed', `${what} (${ref.apiVersion}) is none of ${ALLOWED.join(', ')}`);
  const why = notItsOwn(manifest, workload);
  return why === null ? isUsed(manifest, { workload, used }, what) : refuse('another-workload', `${what} ${why}`);
}

/** Why an object is about another workload than the target; null where it is not. */
function notItsOwn({ ref, content }: Manifest, { kind, name, labels, template }: Workload): string | null {
  const podLabels = template.metadata?.labels ?? labels;
  switch (ref.kind) {
    case 'Deployment':
    case 'StatefulSet':
      return ref.kind === kind && ref.name === name ? null : `is another workload than ${kind} ${name}`;
    case 'HorizontalPodAutoscaler': {
      const scaled = `${atPointer(content, '/spec/scaleTargetRef/kind')}/${atPointer(content, '/spec/scaleTargetRef/name')}`;
      return scaled === `${kind}/${name}` ? null : `scales ${scaled}`;
    }
    case 'Service': {
      const selector = textOf(atPointer(content, '/spec/selector'));
      return selector !== '' && selectorMatches(selector, podLabels) ? null : 'does not select its pods';
    }
    default:
      return null;
  }
}

function textOf(selector: Json | undefined): string {
  return isRecord(selector)
    ? Object.entries(selector)
        .map(([key, value]) => `${key}=${value}`)
        .join(',')
    : '';
}

/** What the target's template does not name may be somebody else's. */
function isUsed(
  { ref }: Manifest,
  { workload, used }: { workload: Workload; used: ReadonlySet<string> },
  what: string,
): Verdict {
  if (!['ConfigMap', 'ServiceAccount', 'PersistentVolumeClaim'].includes(ref.kind)) return FINE;
  if (used.has(`${ref.kind}/${ref.name}`) || isFromTemplate(workload, ref.name)) return FINE;
  return ask(`${what} is not named by the template of ${objectText(workload.ref)}: others may use it`);
}

function usedBy(template: V1PodTemplateSpec): string[] {
  return referencesOf(template).map(({ kind, name }) => `${kind}/${name}`);
}

/** A template that is none is found by the rehearsal. */
function templateOf({ content }: Manifest): V1PodTemplateSpec {
  const template = atPointer(content, '/spec/template');
  const containers = atPointer(content, '/spec/template/spec/containers');
  return Array.isArray(containers) ? JSON.parse(JSON.stringify(template)) : {};
}

function twice(manifests: readonly Manifest[]): Verdict {
  const seen = new Map<string, string>();
  for (const { ref, where } of manifests) {
    const key = objectText(ref);
    const other = seen.get(key);
    if (other !== undefined) return refuse('invalid', `${key} stands twice: ${other} and ${where}`);
    seen.set(key, where);
  }
  return FINE;
}
