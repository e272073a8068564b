/**
 * Values that events, plans and activities share: the plain data of a recovery. Types only, so that workflows, activities and
 * the audit may all import them.
 */

/** Any value that JSON can carry. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** How much a recovery may do by itself, the most cautious first: of runbook, start and worker the lowest wins. */
/** Maintenance of a target or of a runbook's targets for a time: automation writes nothing, and a page that is due is held. */
export interface Silence {
  id: string;
  /** Kintsugi's own list, or Alertmanager's. */
  source: 'kintsugi' | 'alertmanager';
  /** Who set it, and why. */
  by: string;
  why: string;
  /** Begin and end, RFC 3339. */
  since: string;
  until: string;
}

/** A source of silences, or of the target's own mode, that did not answer. */
export interface Unread {
  source: Silence['source'] | 'annotation';
  why: string;
}

/** What the annotation `kintsugi.dev/mode` of the target or of its namespace says. */
export interface ModeVoice {
  mode: Mode;
  /** The object that says it, e.g. `Deployment bruno/agent-bruno`. */
  source: string;
  /** What is wrong with the value, and what would be right; it counts as `observe`. */
  fault?: string;
}

export type Mode = 'observe' | 'approve' | 'auto';

/** The broken workload: Kubernetes' own spelling of the kind, e.g. `{namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno'}`. */
export interface Target {
  namespace: string;
  kind: string;
  name: string;
}

/** One Kubernetes object; `uid` where it must be that very one and not a namesake made later. */
export interface ObjectRef {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
  uid?: string;
}

/**
 * A field's value: as it is, not there, (what redaction would alter) by reference with a keyed hash to compare, or what an
 * earlier action of the same remedy gives, in words: such a plan is settled before it is applied.
 */
export type Value =
  | { value: Json }
  | { absent: true }
  | { secret: { from: ObjectRef; path: string; hmac: string } }
  | { later: string };

/** One thing that a plan does to the cluster. `path` is a JSON Pointer into `object`. */
export type Change =
  | { type: 'field'; object: ObjectRef; path: string; before: Value; after: Value }
  | { type: 'create' | 'delete'; object: ObjectRef }
  /** A program run in a container of `object`: it changes what no object of the cluster shows, at most once (safety 23). */
  | { type: 'exec'; object: ObjectRef; container: string; what: string }
  | { type: 'effect'; what: string };

export type Risk = 'none' | 'low' | 'medium' | 'high';

/** What an action takes from its target besides what its risk says. */
export type Harm = 'stops-workload' | 'replaces-state' | 'redeploys';

/** Everything one action will do, computed before it is done; apply and revert work from the recorded plan only. */
export interface Plan {
  action: string;
  /** One sentence for people: what changes from what to what. */
  summary: string;
  risk: Risk;
  /** When the change is taken back: if the remedy fails, at the recovery's end in any case, or never (nothing to take back). */
  undo: 'on-failure' | 'at-end' | 'none';
  changes: Change[];
  /** What apply needs besides `changes`; every computed value (restart time, pod uid) stands here. */
  args: Json;
  /** Seconds that apply may wait for the cluster (`wait-ready`); a write takes at most 15 s and says 0. */
  waitSeconds: number;
  /** Seconds after which the change is taken back, whatever becomes of the rest: a debug session. */
  standsSeconds?: number;
  /** What may be lost by it, as one sentence: it stands first wherever the plan is shown for approval (safety 14). */
  dataLoss?: string;
  /** What it takes from the target, as its action says; plans of before say nothing. */
  harm?: Harm;
  /** Set when the rules of safety forbid the action: it is not applied, the reason is shown. */
  refusal?: { code: string; reason: string };
  /** Set when the rules of safety allow the action only with a person's approval: why. */
  ask?: string;
  /** Set on a hold: with `undo: at-end` it ends not with the recovery, but when Git has the change, or when it expires. */
  hold?: Hold;
}

/** What keeps a GitOps tool from writing over one object (safety 11). */
export interface Hold {
  object: ObjectRef;
  /** `Kustomization flux-system/apps`. */
  owner: string;
  tool: 'flux-kustomization' | 'flux-helm-release';
  /** How long after the recovery it stands at most: a duration. */
  expires: string;
}

/** Whether what Git says of a held object is the change that stands; `unknown` where Git cannot be read from here. */
export interface GitComparison {
  git: 'equal' | 'differs' | 'unknown';
  saw: string;
}

/** One action with its parameters, as a person orders it. */
export interface OrderedCall {
  action: string;
  params: { [name: string]: Json };
}

/** The values of a runbook's parameters, as a start or an order gives them. */
export type Params = { [name: string]: Json };

/** Where a quote was read ("agent-bruno previous log", "pod agent-bruno-… event") and the text itself, redacted. */
export interface Quote {
  source: string;
  text: string;
}

/** One cause that the evidence speaks for. */
export interface Finding {
  cause: string;
  /** The name by which the classifier is measured; by default the cause. */
  label: string;
  /** `cause|container|subject`: the same finding in another round has the same key. */
  key: string;
  /** One sentence with the concrete name in it. */
  summary: string;
  /** The variable, Secret, port, path, image, host ... that it is about. */
  subject?: string;
  container?: string;
  pod?: string;
  /** False for what only follows from another finding (a dependent of a dependency that is down). */
  root: boolean;
  score: number;
  quotes: Quote[];
}

/** How well the target does, in numbers that two looks can be compared by (safety 15). */
export interface Measure {
  desired: number;
  ready: number;
  /** Ready pods that have been ready for 60 s at least. */
  readyHeld: number;
  /** The longest that a container instance lived before it ended, or lives now, in seconds. */
  longestLifeSeconds: number;
}

/** One check's answer; `unknown` when it could not be run, which never triggers an undo. */
export interface CheckResult {
  name: string;
  result: 'pass' | 'fail' | 'unknown';
  saw: string;
}

/** One point of the runbook's checklist, filled in by machine (safety 22). */
export interface ChecklistItem {
  id: string;
  text: string;
  state: 'done' | 'found' | 'not-possible';
  saw: string;
}

/** One point after the recovery; `open`: it waits for a person, or for its time. */
export interface PostRecoveryItem {
  id: string;
  text: string;
  state: 'done' | 'found' | 'not-possible' | 'open';
  saw: string;
}

/** One written escalation step with what was found for it. */
export interface EscalationStep {
  id: string;
  text: string;
  found: string;
  /** In place of `found` while the mode is `observe`, in which what it offers would be refused. */
  foundInObserve?: string;
  /** It could not be taken yet, and `found` says why. */
  pending?: boolean;
}

/** Where the whole of a round's evidence lies (artifacts, by digest) and the part that travels in events (at most 16 KiB). */
export interface EvidenceRef {
  sha256: string;
  bytes: number;
  excerpt: Json;
}

/** A fault of an activity as events record it. */
export interface StepError {
  code: string;
  message: string;
  where?: string;
  fix?: string;
}

/** An alert as a message carries it. Times are RFC 3339. */
export interface AlertMessage {
  fingerprint: string;
  name: string;
  status: 'firing' | 'resolved';
  startsAt: string;
  role: 'trigger' | 'related';
  labels: Record<string, string>;
  generatorURL?: string;
  groupKey?: string;
  /** The runbook that it belongs to, where that is another than the recovery's present one (durability 7). */
  runbook?: string;
}
