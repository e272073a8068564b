import type { ActionRecord, Attempt } from './attempt.ts';
import type { Clock } from './clock.ts';
import { after, milliseconds } from './durations.ts';
import type { EventBody, RecoveryEvent } from './events.ts';
import { openPage } from './fold-pages.ts';
import type { PageRecord } from './page-record.ts';
import type { Mitigation, RecoveryRecord } from './record.ts';
import { awaitsUndo, mayStand } from './undoing.ts';
import type { Change, Hold, Plan, Value } from './values.ts';

/**
 * Holds on what Git owns (safety 11). A hold ends when its remedy is undone, when Git has the change, or when it expires, of
 * which a person is paged before. Until then the recovery stays open, and what it tells is the patch to commit.
 */

/** A run ends 24 h after its recovery at the latest: a hold must have ended before. */
const LONGEST_MS = 23 * 3_600_000;
/** People are paged this long before a hold expires, at most a quarter of its time. */
const NOTICE_MS = 3_600_000;

export interface StandingHold {
  attempt: Attempt;
  action: ActionRecord;
  plan: Plan;
  hold: Hold;
}

/** The first hold that stands with the change that it was taken for, or null. */
export function standingHold(record: RecoveryRecord): StandingHold | null {
  for (const attempt of record.attempts) {
    for (const action of attempt.actions) {
      const plan = attempt.plans[action.i];
      if (plan?.hold !== undefined && mayStand(action, attempt)) return { attempt, action, plan, hold: plan.hold };
    }
  }
  return null;
}

/** The changes that stand on a held object, as plans. */
export function heldPlans(record: RecoveryRecord, { hold }: StandingHold): Plan[] {
  return record.attempts.flatMap((attempt) =>
    attempt.actions.flatMap((action) => {
      const plan = attempt.plans[action.i];
      const isChange = plan !== undefined && plan.hold === undefined && mayStand(action, attempt);
      return isChange && plan.changes.some((change) => isOn(hold, change)) ? [plan] : [];
    }),
  );
}

function isOn({ object }: Hold, change: Change): boolean {
  return change.type === 'field' && change.object.kind === object.kind && change.object.name === object.name;
}

const STAYS: ReadonlySet<Attempt['stage']> = new Set(['verified', 'unproven', 'undo-refused', 'taken-over']);

/** What Git lacks of the changes that stay under a hold, recovered or not; null where nothing does. */
export function patchOf(record: RecoveryRecord): string | null {
  if (record.mitigation !== undefined) return record.mitigation.patch;
  const standing = standingHold(record);
  if (standing === null || !STAYS.has(standing.attempt.stage)) return null;
  const plans = heldPlans(record, standing);
  return plans.length === 0 ? null : patchToCommit(standing.hold, plans);
}

/** Why a hold is to end now, or null while it stands. */
export function holdOver(record: RecoveryRecord, { action, attempt }: StandingHold, clock: Clock): string | null {
  const { mitigation } = record;
  if (record.recovered === null || mitigation === undefined || record.closing !== null || !awaitsUndo(action, attempt))
    return null;
  if (mitigation.git === 'equal') return `Git has the change: ${mitigation.saw}`;
  const page = pageAbout(record);
  if (page === null || page.rungs.every(({ tries }) => tries.length === 0)) return null;
  const end = after(page.rungs[0]?.dueAt ?? record.now, noticeMs(mitigation));
  return clock.reached(end) ? `it has expired, and Git still lacks the change (${mitigation.saw})` : null;
}

/** A page is due about a hold that expires soon. */
export function holdExpires(record: RecoveryRecord, clock: Clock): EventBody | null {
  const { mitigation, recovered, closing } = record;
  if (mitigation === undefined || mitigation.releasedAt !== undefined || recovered === null || closing !== null)
    return null;
  const hold = standingHold(record);
  if (hold === null || !awaitsUndo(hold.action, hold.attempt) || mitigation.git === 'equal') return null;
  if (openPage(record) !== null || pageAbout(record) !== null) return null;
  if (!clock.reached(after(mitigation.expiresAt, -noticeMs(mitigation)))) return null;
  const why = `${mitigation.owner} writes over the change at ${mitigation.expiresAt}, when its hold expires: commit the patch before`;
  return { kind: 'rung-due', rung: 0, why, about: 'hold' };
}

function noticeMs({ since, expiresAt }: Mitigation): number {
  return Math.min(NOTICE_MS, (Date.parse(expiresAt) - Date.parse(since)) / 4);
}

/** The page about the hold of this time of recovery, told or resolved. */
function pageAbout(record: RecoveryRecord): PageRecord | null {
  const since = record.recovered?.at ?? '';
  return record.pages.find(({ about, rungs }) => about === 'hold' && (rungs[0]?.dueAt ?? '') >= since) ?? null;
}

/** Why a page about a hold is over, or null. */
export function holdPageOver({ mitigation }: RecoveryRecord): string | null {
  if (mitigation === undefined) return 'the hold has ended, and the target is healthy';
  if (mitigation.git === 'equal') return `Git has the change: ${mitigation.saw}`;
  return mitigation.releasedAt === undefined ? null : 'the hold was released';
}

/** Whether the recovery may not settle yet: a hold stands, or what its end did is not verified. */
export function isHeld(record: RecoveryRecord): boolean {
  return record.mitigation !== undefined && (record.mitigation.releasedAt !== undefined || mayEnd(record));
}

function mayEnd(record: RecoveryRecord): boolean {
  const hold = standingHold(record);
  return hold !== null && awaitsUndo(hold.action, hold.attempt);
}

/** The attempt to verify again after its hold was released, or null. */
export function verifyAgain({ mitigation, recovered }: RecoveryRecord): number | null {
  return recovered !== null && mitigation?.releasedAt !== undefined ? mitigation.n : null;
}

/** The mitigation's part of the fold; it lasts from the recovery to the verification after the hold's end. */
export function foldHolds(record: RecoveryRecord, event: RecoveryEvent): RecoveryRecord {
  return withStandingHold(foldMitigation(record, event), event.at);
}

/** A hold that stays once the target has recovered begins a mitigation: with the recovery, or by a remedy that a person ordered after it. */
function withStandingHold(record: RecoveryRecord, at: string): RecoveryRecord {
  if (record.recovered === null || record.mitigation !== undefined) return record;
  const standing = standingHold(record);
  return standing !== null && STAYS.has(standing.attempt.stage)
    ? withMitigation(record, begun(record, standing, at))
    : record;
}

function foldMitigation(record: RecoveryRecord, event: RecoveryEvent): RecoveryRecord {
  switch (event.kind) {
    case 'relapsed':
    case 'runbook-changed':
      return withMitigation(record, undefined);
    case 'watched':
      return event.hold === undefined || record.mitigation === undefined
        ? record
        : withMitigation(record, { ...record.mitigation, ...event.hold, at: event.at });
    case 'undo-finished':
      return withMitigation(record, released(record, event));
    case 'verified':
      return foldVerifiedAgain(record, event);
    default:
      return record;
  }
}

function withMitigation(record: RecoveryRecord, mitigation: Mitigation | undefined): RecoveryRecord {
  if (mitigation !== undefined) return { ...record, mitigation };
  const { mitigation: _over, ...rest } = record;
  return rest;
}

function begun(record: RecoveryRecord, standing: StandingHold, at: string): Mitigation {
  const { attempt, plan, hold } = standing;
  return {
    n: attempt.n,
    hold: plan.summary,
    owner: hold.owner,
    since: at,
    expiresAt: after(at, Math.min(milliseconds(hold.expires), LONGEST_MS)),
    patch: patchToCommit(hold, heldPlans(record, standing)),
    git: 'unknown',
    saw: 'not compared yet',
    at,
  };
}

/** The hold is gone: by its own end, which is verified, or with its remedy, by which the mitigation is over. */
function released(
  record: RecoveryRecord,
  { n, i, outcome, at }: RecoveryEvent & { kind: 'undo-finished' },
): Mitigation | undefined {
  const { mitigation } = record;
  const attempt = record.attempts.find((candidate) => candidate.n === n);
  if (mitigation === undefined || mitigation.n !== n || attempt?.plans[i]?.hold === undefined) return mitigation;
  if (outcome !== 'undone' && outcome !== 'not-needed') return mitigation;
  return attempt.stage === 'undone' || attempt.stage === 'undoing' ? undefined : { ...mitigation, releasedAt: at };
}

/** What stands without the hold decides: it is well, or it has broken again. */
function foldVerifiedAgain(record: RecoveryRecord, event: RecoveryEvent & { kind: 'verified' }): RecoveryRecord {
  if (verifyAgain(record) !== event.n) return record;
  const over = withMitigation(record, undefined);
  if (event.result !== 'fail') return { ...over, look: { ...over.look, wanted: true } };
  const saw = event.checks.filter(({ result }) => result === 'fail').map((check) => `${check.name}: ${check.saw}`);
  return { ...over, look: { at: event.at, wanted: false, healthy: false, broken: true, saw: saw.join('; ') } };
}

/**
 * What a person commits, so that Git has what stands in the cluster: a JSON Patch (RFC 6902) as a Kustomization takes it in
 * `spec.patches` or kustomization.yaml, and a HelmRelease in `spec.postRenderers`.
 * https://fluxcd.io/flux/components/kustomize/kustomizations/#patches
 */
export function patchToCommit({ object, owner, tool }: Hold, plans: readonly Plan[]): string {
  const { apiVersion, kind, name, namespace } = object;
  const [group = '', version = ''] = apiVersion.split('/');
  const fields = lastValues(plans.flatMap(({ changes }) => changes));
  // Without the namespace: Kustomize patches before it sets one.
  const target = `{group: ${group}, version: ${version}, kind: ${kind}, name: ${name}}`;
  const patch = [
    `patches: # ${kind} ${namespace ?? ''}/${name}, as it stands in the cluster`,
    `  - target: ${target}`,
    '    patch: |-',
    ...fields.flatMap(fieldLines).map((line) => `      ${line}`),
  ];
  const into =
    tool === 'flux-helm-release'
      ? [`# ${owner}: the same in its values, or in`, 'spec:', '  postRenderers:', '    - kustomize:']
      : [`# ${owner}: the same in the manifest, or in its kustomization.yaml`];
  return [...into, ...(tool === 'flux-helm-release' ? patch.map((line) => `        ${line}`) : patch)].join('\n');
}

type Field = Extract<Change, { type: 'field' }>;

/** Each field once: how Git has it, and how it stands at the end. Annotations are notes, not changes. */
function lastValues(changes: readonly Change[]): Field[] {
  const fields = new Map<string, Field>();
  for (const change of changes) {
    if (change.type !== 'field' || change.path.includes('/annotations/')) continue;
    fields.set(change.path, { ...change, before: fields.get(change.path)?.before ?? change.before });
  }
  return [...fields.values()];
}

function fieldLines({ path, before, after: value }: Field): string[] {
  if ('absent' in value) return [`- {op: remove, path: ${path}} # ${valueText(before)} before`];
  const op = 'absent' in before ? 'add' : 'replace';
  return [`- op: ${op} # ${valueText(before)} before`, `  path: ${path}`, `  value: ${valueText(value)}`];
}

function valueText(value: Value): string {
  if ('absent' in value) return 'nothing';
  if ('later' in value) return JSON.stringify(value.later);
  return 'secret' in value
    ? `"a secret: ${value.secret.from.kind} ${value.secret.from.name} has it"`
    : JSON.stringify(value.value);
}
