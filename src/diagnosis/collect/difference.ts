import type { V1Container, V1PodSpec, V1PodTemplateSpec } from '@kubernetes/client-node';
import type { Baseline } from '../../activities/baseline.ts';
import { currentRevision, type Revision } from '../../kubernetes/revisions.ts';
import { canonicalText, toJson } from '../../kubernetes/template.ts';
import type { Json } from '../../recovery/values.ts';
import { shortened } from '../../recovery/words.ts';
import type { TemplateChange, TemplateDifference } from '../evidence/change.ts';
import type { Tell } from './collect.ts';
import type { ReferencedObject } from './references.ts';
import type { Subject } from './subject.ts';
import { sourceText } from './workload.ts';

const MOST_CHANGES = 40;
const LONGEST_TEXT = 200;

interface Comparison {
  owned: Subject;
  baseline: Baseline | null;
  references: readonly ReferencedObject[];
  tell: Tell;
  hmac(text: string): string;
}

/**
 * How the template and what it refers to differ from the healthy baseline; where there is none, from the revision before.
 * The baseline's revision is compared field by field while history keeps it, else by what the baseline recorded.
 */
export function templateDifference(comparison: Comparison): TemplateDifference | null {
  const { owned, baseline, tell } = comparison;
  const { workload, revisions } = owned;
  if (baseline !== null) {
    const kept = revisions.find((revision) => revision.templateHash === baseline.templateHash);
    const fields =
      kept === undefined
        ? recordedChanges(comparison, baseline)
        : templateChanges(kept.template, workload.template, tell);
    const changes = [...fields, ...digestChanges(comparison, baseline), ...referenceChanges(comparison, baseline)];
    return {
      against: `the healthy baseline of ${baseline.seenAt}`,
      kind: 'baseline',
      changes: changes.slice(0, MOST_CHANGES),
    };
  }
  const previous = previousRevision(owned);
  if (previous === undefined) return null;
  return {
    against: `revision ${previous.revision}`,
    kind: 'previous-revision',
    changes: templateChanges(previous.template, workload.template, tell).slice(0, MOST_CHANGES),
  };
}

function previousRevision({ workload, revisions }: Subject): Revision | undefined {
  const current = currentRevision(workload, revisions);
  return revisions.find((revision) => revision.uid !== current?.uid);
}

/** Field by field, containers and variables by name. */
function templateChanges(before: V1PodTemplateSpec, after: V1PodTemplateSpec, tell: Tell): TemplateChange[] {
  const was = allContainers(before.spec);
  const is = allContainers(after.spec);
  const names = [...new Set([...was.keys(), ...is.keys()])];
  return [
    ...names.flatMap((name) => containerChanges(name, was.get(name), is.get(name), tell)),
    ...fieldChanges(rest(before.spec), rest(after.spec)),
  ];
}

function allContainers(spec: V1PodSpec | undefined): Map<string, V1Container> {
  return new Map(
    [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map((container) => [container.name, container]),
  );
}

/** The pod's own fields, without containers. */
function rest(spec: V1PodSpec | undefined): Record<string, unknown> {
  const { containers: _, initContainers: _i, ...own } = spec ?? { containers: [] };
  return own;
}

function containerChanges(
  container: string,
  before: V1Container | undefined,
  after: V1Container | undefined,
  tell: Tell,
): TemplateChange[] {
  if (before === undefined || after === undefined) {
    return [{ container, what: 'container', before: before?.image ?? 'absent', after: after?.image ?? 'absent' }];
  }
  const { env: wasEnv = [], resources: wasResources, ...was } = before;
  const { env: isEnv = [], resources: isResources, ...is } = after;
  const changes = [
    ...fieldChanges({ ...was }, { ...is }),
    ...fieldChanges({ ...wasResources?.limits }, { ...isResources?.limits }, 'resources.limits.'),
    ...fieldChanges({ ...wasResources?.requests }, { ...isResources?.requests }, 'resources.requests.'),
    ...variableChanges(variables(wasEnv, tell), variables(isEnv, tell)),
  ];
  return changes.map((change) => ({ container, ...change }));
}

function fieldChanges(before: Record<string, unknown>, after: Record<string, unknown>, prefix = ''): TemplateChange[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((key) => ({ what: prefix + key, before: text(toJson(before[key])), after: text(toJson(after[key])) }))
    .filter((change) => change.before !== change.after);
}

function text(value: Json): string {
  if (value === null) return 'absent';
  return shortened(typeof value === 'string' ? value : canonicalText(value), LONGEST_TEXT);
}

/** What a variable is compared by, and what of it is shown. */
interface Variable {
  compared: string;
  shown: string;
}

function variables(env: NonNullable<V1Container['env']>, tell: Tell): Map<string, Variable> {
  return new Map(
    env.map(({ name, value = '', valueFrom }) => {
      if (valueFrom === undefined) return [name, { compared: `value ${value}`, shown: tell(name, value) }];
      const source = sourceText(valueFrom);
      return [name, { compared: `from ${source}`, shown: source }];
    }),
  );
}

function variableChanges(before: Map<string, Variable>, after: Map<string, Variable>): TemplateChange[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((name) => before.get(name)?.compared !== after.get(name)?.compared)
    .map((name) => ({
      what: `env ${name}`,
      before: before.get(name)?.shown ?? 'absent',
      after: after.get(name)?.shown ?? 'absent',
    }));
}

/** The revision is gone from history: what the baseline itself recorded is compared. */
function recordedChanges({ owned, tell, hmac }: Comparison, baseline: Baseline): TemplateChange[] {
  const now = allContainers(owned.workload.template.spec);
  return baseline.containers.flatMap((recorded) => {
    const container = now.get(recorded.name);
    if (container === undefined)
      return [{ container: recorded.name, what: 'container', before: recorded.image, after: 'absent' }];
    const before = new Map(
      Object.entries(recorded.env).map(([name, value]) => [name, recordedVariable(name, value, tell)]),
    );
    const after = new Map(
      (container.env ?? []).map(({ name, value = '', valueFrom }): [string, Variable] => {
        const wasHashed = 'hmac' in (recorded.env[name] ?? {});
        if (valueFrom !== undefined)
          return [name, { compared: `from ${canonicalText(toJson(valueFrom))}`, shown: sourceText(valueFrom) }];
        return [name, { compared: wasHashed ? `hmac ${hmac(value)}` : `value ${value}`, shown: tell(name, value) }];
      }),
    );
    const image =
      recorded.image === container.image
        ? []
        : [{ what: 'image', before: recorded.image, after: container.image ?? 'absent' }];
    return [...image, ...variableChanges(before, after)].map((change) => ({ container: recorded.name, ...change }));
  });
}

function recordedVariable(name: string, recorded: Baseline['containers'][number]['env'][string], tell: Tell): Variable {
  if ('value' in recorded) return { compared: `value ${recorded.value}`, shown: tell(name, recorded.value) };
  if ('hmac' in recorded) return { compared: `hmac ${recorded.hmac}`, shown: 'a secret value' };
  return { compared: `from ${canonicalText(recorded.from)}`, shown: text(recorded.from) };
}

/** The same tag, another image: what runs is not what was healthy (safety 4). */
function digestChanges({ owned }: Comparison, baseline: Baseline): TemplateChange[] {
  return baseline.containers.flatMap((recorded) => {
    const digests = owned.pods.flatMap((pod) =>
      (pod.status?.containerStatuses ?? [])
        .filter(({ name }) => name === recorded.name)
        .map(({ imageID }) => imageID.split('@').at(-1) ?? ''),
    );
    const other = digests.find(
      (digest) => digest.startsWith('sha256:') && recorded.digest !== '' && digest !== recorded.digest,
    );
    return other === undefined
      ? []
      : [{ container: recorded.name, what: 'image digest', before: recorded.digest, after: other }];
  });
}

function referenceChanges({ references }: Comparison, baseline: Baseline): TemplateChange[] {
  return references.flatMap(({ evidence, keyHashes }) => {
    const what = `${evidence.kind}/${evidence.name}`;
    const before = baseline.references[what];
    const after = evidence.found === false ? 'absent' : evidence.hash;
    if (before === undefined || after === undefined || before === after) return [];
    const keys = keyChanges(what, baseline.referenceKeys?.[what], keyHashes);
    if (keys.length > 0) return keys;
    return [{ what, before: shortHash(before), after: shortHash(after) }];
  });
}

/** Each key that came, went or changed: `ConfigMap/settings:LOG_LEVEL`, as a variable's source is written. */
function keyChanges(
  what: string,
  before: Record<string, string> | undefined,
  after: Record<string, string> | undefined,
): TemplateChange[] {
  if (before === undefined || after === undefined) return [];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((key) => before[key] !== after[key])
    .map((key) => ({
      what: `${what}:${key}`,
      before: shortHash(before[key] ?? 'absent'),
      after: shortHash(after[key] ?? 'absent'),
    }));
}

function shortHash(hash: string): string {
  return hash === 'absent' ? hash : `content ${hash.slice(0, 12)}`;
}
