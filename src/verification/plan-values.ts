import type { V1Pod } from '@kubernetes/client-node';
import { sameValue } from '../kubernetes/differences.ts';
import { isBookkeepingPath, isRecord, pointer, pointerKeys, toJson } from '../kubernetes/template.ts';
import type { Json, Plan, Value } from '../recovery/values.ts';
import type { Judgement } from './readiness.ts';
import type { TargetState } from './target-state.ts';

const TEMPLATE = '/spec/template';

/**
 * Whether the live pods have the values that the plans gave the template (safety 8): admission may have changed them on the
 * way. Values kept by reference (secrets) are not compared. Null if the plans changed nothing in the template.
 */
export function plannedValues(state: TargetState, plans: readonly Plan[]): Judgement | null {
  const planned = plannedFields(state, plans);
  if (planned.size === 0) return null;
  const template = toJson(state.workload.template);
  const reached = state.current.filter((pod) => !state.kept.includes(pod));
  const faults = reached.flatMap((pod) => {
    const live = toJson({ metadata: pod.metadata, spec: pod.spec });
    return [...planned].flatMap(([path, after]) => {
      const place = locate(template, live, pointerKeys(path));
      if (contains(place.value, after, path)) return [];
      const values = isShown(path) ? `is ${text(place.value)}, planned ${text(after)}` : 'is not as planned';
      return [`${place.name} of ${nameOf(pod)} ${values}`];
    });
  });
  if (faults.length > 0) return { result: 'fail', saw: faults.slice(0, 3).join('; ') };
  return { result: 'pass', saw: `${planned.size} planned value(s) found in each of ${reached.length} pod(s)` };
}

/** Path inside the template to the value that should be there, undefined for none; a later action's plan wins. */
function plannedFields({ workload }: TargetState, plans: readonly Plan[]): Map<string, Json | undefined> {
  const planned = new Map<string, Json | undefined>();
  for (const change of plans.flatMap(({ changes }) => changes)) {
    if (change.type !== 'field' || !change.path.startsWith(`${TEMPLATE}/`) || isBookkeepingPath(change.path)) continue;
    if (change.object.kind !== workload.kind || change.object.name !== workload.name) continue;
    const path = change.path.slice(TEMPLATE.length);
    if (isNotShown(change.after)) planned.delete(path);
    else planned.set(path, 'value' in change.after ? change.after.value : undefined);
  }
  return planned;
}

function isNotShown(value: Value): boolean {
  return 'secret' in value || 'later' in value;
}

/** Follows a path of the template in the pod: list items by their name, since admission may have put others before them. */
function locate(template: Json, live: Json, keys: readonly string[]): { value: Json | undefined; name: string } {
  let guide: Json | undefined = template;
  let value: Json | undefined = live;
  const named: string[] = [];
  for (const key of keys) {
    const item: Json | undefined = Array.isArray(guide) ? guide[Number(key)] : isRecord(guide) ? guide[key] : undefined;
    const name: Json | undefined = isRecord(item) ? item.name : undefined;
    if (Array.isArray(value)) {
      value =
        typeof name === 'string'
          ? value.find((candidate) => isRecord(candidate) && candidate.name === name)
          : value[Number(key)];
      named.push(typeof name === 'string' ? name : key);
    } else {
      value = isRecord(value) ? value[key] : undefined;
      if (key !== 'spec' && key !== 'containers') named.push(key);
    }
    guide = item;
  }
  return { value, name: named.join('.') };
}

/** Whether `actual` has all of `expected`; what the API server fills in besides is no difference. */
function contains(actual: Json | undefined, expected: Json | undefined, path: string): boolean {
  if (isRecord(actual) && isRecord(expected)) {
    return Object.keys(expected).every((key) => contains(actual[key], expected[key], path + pointer(key)));
  }
  if (Array.isArray(actual) && Array.isArray(expected)) {
    return expected.every((item, index) => contains(actual[index], item, path + pointer(index)));
  }
  return sameValue(actual, expected, path);
}

/** A live variable may hold a password that the plan never saw: only plain figures and names are shown. */
function isShown(path: string): boolean {
  return /\/(?:resources|livenessProbe|readinessProbe|startupProbe)\/|\/image$/.test(path);
}

function text(value: Json | undefined): string {
  if (value === undefined) return 'absent';
  return (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 80);
}

function nameOf(pod: V1Pod): string {
  return pod.metadata?.name ?? '';
}
