import { z } from 'zod';
import { listSnapshots, type Snapshot, snapshotDriver } from '../kubernetes/snapshots.ts';
import { callOptions } from '../kubernetes/transport.ts';
import { orNull } from '../kubernetes/volumes.ts';
import { milliseconds } from '../recovery/durations.ts';
import { duration } from '../runbook/schema/scalars.ts';
import type { Action, ActionContext } from './action.ts';
import { PATCH_WORKLOAD, READ_VOLUMES, READ_WORKLOAD, REPLACE_CLAIM } from './plan/permissions.ts';
import { refusedPlan } from './plan/refused-plan.ts';
import { FINE, judged, refuse, together, type Verdict } from './rules/verdict.ts';
import { ageText, chooseSnapshot, snapshotsText } from './volume/choice.ts';
import { readReplaced, replacedChanges } from './volume/former.ts';
import { type ClaimManifest, fits, manifestFrom, readTeamManifest, type TeamManifest } from './volume/manifest.ts';
import { putClaimBack, replaceArgs, replaceClaim, replacementBegun } from './volume/replace.ts';
import { applyRepoint, isRepoint, newClaimName, planRepoint, repointBegun, revertRepoint } from './volume/repoint.ts';
import { manifestEffect, type Restore } from './volume/restore.ts';
import { writersStopped } from './volume/stopped.ts';

const NAME = 'restore-volume';

const params = z.strictObject({
  claim: z.string().describe('The claim whose data is restored'),
  snapshot: z.string().optional().describe('The VolumeSnapshot; by default the newest ready one of the claim'),
  before: z.iso
    .datetime({ offset: true })
    .optional()
    .describe(
      'The newest one that was taken before this time, by default before the target broke; one that is named must be older too',
    ),
  as: z
    .enum(['same', 'new'])
    .default('same')
    .describe('same: under the same name, the old volume retained; new: a new claim, and the Deployment is led to it'),
  manifest: z
    .string()
    .optional()
    .describe("The team's own restore-pvc.yaml: a ConfigMap of the target's namespace, as NAME or NAME/KEY"),
  timeout: duration.default('300s').describe('How long the new volume is waited for'),
});
type Params = z.infer<typeof params>;

const NONE_FITS = { code: 'no-snapshot', reason: 'no VolumeSnapshot fits' };

/**
 * Restores a claim from a VolumeSnapshot (safety 24). The former volume is kept in any case, and by the undo the claim is
 * bound to it again.
 * https://kubernetes.io/docs/concepts/storage/persistent-volumes/#create-persistent-volume-claim-from-volume-snapshot
 */
const restoreVolume: Action<Params> = {
  name: NAME,
  summary: 'Restores a claim from a VolumeSnapshot, and keeps the former volume',
  params,
  disruptive: true,
  harm: () => 'replaces-state',
  permissions: () => [
    ...READ_WORKLOAD,
    ...PATCH_WORKLOAD,
    ...READ_VOLUMES,
    ...REPLACE_CLAIM,
    { group: '', resource: 'configmaps', verbs: ['get'] },
  ],
  async plan(context, given) {
    const { kubernetes, signal, target } = context;
    const { namespace } = target;
    const summary = `Restore claim ${namespace}/${given.claim} from a VolumeSnapshot`;
    const snapshots = await listSnapshots(kubernetes, namespace, signal);
    if (snapshots === null)
      return refusedPlan(NAME, summary, { code: 'no-snapshots', reason: 'the cluster has no VolumeSnapshots' });
    const replaced = await readReplaced(context, given.claim, NAME, summary);
    if ('refusal' in replaced) return replaced;
    const team = given.manifest === undefined ? null : await readTeamManifest(context, namespace, given.manifest);
    const { snapshot, verdict } = chooseSnapshot(snapshots, {
      claim: given.claim,
      name: given.snapshot ?? team?.snapshot,
      before: given.before,
      brokenSince: context.brokenSince,
    });
    const known = `VolumeSnapshots of ${namespace}: ${snapshotsText(snapshots, new Date())}`;
    if (snapshot === null || verdict.refusal !== undefined)
      return refusedPlan(NAME, `${summary}; ${known}`, verdict.refusal ?? NONE_FITS);
    const manifest = team?.manifest ?? manifestFrom(replaced.claim, snapshot);
    const name = newName(given, { team, snapshot });
    const checked = together(
      verdict,
      isForThis(given, team, snapshot),
      await isPossible(context, manifest, snapshot),
      await writersStopped(context, { namespace, claim: given.claim, volume: replaced.volume.name }),
    );
    const restore = { given, replaced, snapshot, manifest, name };
    const from = `VolumeSnapshot ${snapshot.name} (${ageText(snapshot, new Date())}, taken at ${snapshot.takenAt})`;
    const texts = {
      summary: `Restore claim ${given.claim} from ${from} as ${name}; volume ${replaced.volume.name} is kept (Retain). ${known}`,
      dataLoss: `what was written to claim ${given.claim} since ${snapshot.takenAt} is not on the restored volume; the former volume ${replaced.volume.name} is kept`,
    };
    return given.as === 'new'
      ? planRepoint(context, { action: NAME, ...restore, ...texts, verdict: checked })
      : samePlan(restore, texts, checked);
  },
  async apply(context, plan) {
    if (isRepoint(plan)) return applyRepoint(context, plan);
    return replaceClaim(context, replaceArgs.parse(plan.args));
  },
  revert: (context, plan) =>
    isRepoint(plan) ? revertRepoint(context, plan) : putClaimBack(context, replaceArgs.parse(plan.args)),
  hasWritten: (context, plan) =>
    isRepoint(plan) ? repointBegun(context, plan) : replacementBegun(context, replaceArgs.parse(plan.args)),
};
export default restoreVolume;

function samePlan(
  { given, replaced, snapshot, manifest }: Restore,
  texts: { summary: string; dataLoss: string },
  verdict: Verdict,
) {
  const timeoutSeconds = milliseconds(given.timeout) / 1000;
  return {
    action: NAME,
    ...texts,
    risk: 'medium' as const,
    undo: 'on-failure' as const,
    changes: [...replacedChanges(replaced, true), manifestEffect(given.claim, manifest)],
    args: {
      ...replaced.args,
      made: JSON.parse(JSON.stringify(manifest)),
      snapshot: snapshot.name,
      timeoutSeconds,
    },
    waitSeconds: timeoutSeconds,
    ...judged(together(replaced.verdict, verdict)),
  };
}

function newName({ as, claim }: Params, { team, snapshot }: { team: TeamManifest | null; snapshot: Snapshot }): string {
  if (as === 'same') return claim;
  return team?.name ?? newClaimName(claim, snapshot.name);
}

/** The team's manifest must be about this claim and this snapshot. */
function isForThis({ as, claim }: Params, team: TeamManifest | null, snapshot: Snapshot): Verdict {
  if (team === null) return FINE;
  if (team.snapshot !== snapshot.name)
    return refuse('other-manifest', `the manifest names VolumeSnapshot ${team.snapshot}, not ${snapshot.name}`);
  if (as === 'same' && team.name !== claim)
    return refuse('other-manifest', `the manifest makes claim ${team.name}, not ${claim}: restore it as new`);
  if (as === 'new' && team.name === claim)
    return refuse('other-manifest', `the manifest makes claim ${claim}, which is there: restore it as the same`);
  return FINE;
}

async function isPossible(context: ActionContext, manifest: ClaimManifest, snapshot: Snapshot): Promise<Verdict> {
  const { kubernetes, signal } = context;
  const name = manifest.spec.storageClassName ?? '';
  const found =
    name === '' ? null : await orNull(kubernetes.storage.readStorageClass({ name }, callOptions({ signal })));
  const driver = await snapshotDriver(kubernetes, snapshot, signal);
  return fits(manifest, snapshot, { provisioner: found?.provisioner, driver });
}
