import type { Kubernetes } from '../../kubernetes/client.ts';
import {
  chartSourceOf,
  deployedRelease,
  type HelmRelease,
  isDeployed,
  readArtifact,
  readiness,
} from '../../kubernetes/flux.ts';

/** What a HelmRelease would do besides: differences between what is deployed and what its next upgrade would deploy. */

/**
 * Why the release's next reconciliation may be an upgrade: its spec or its chart has changed and is not deployed yet. Null
 * where what is deployed is what is wanted. Values of `valuesFrom` are not compared.
 */
export async function pendingUpgrade(
  kubernetes: Kubernetes,
  release: HelmRelease,
  signal: AbortSignal,
): Promise<string | null> {
  if (release.spec.suspend === true) return null;
  const state = readiness(release);
  if (state.is === 'progressing') return state.saw;
  const deployed = deployedRelease(release);
  const source = chartSourceOf(release);
  if (deployed === null || source === null) return 'nothing of it is deployed yet';
  const artifact = await readArtifact(kubernetes, source, signal);
  if (typeof artifact === 'string') return `whether its chart has changed is not known: ${artifact}`;
  if (isDeployed(artifact, deployed)) return null;
  return `chart ${artifact.revision} waits, ${deployed.chartVersion} is deployed`;
}

/**
 * Why forcing the release would do more than deploy again what is deployed (safety 10): an upgrade that waits, values that
 * cannot be compared, or a failure strategy that uninstalls. Empty where nothing speaks against it.
 */
export async function forcedMeansMore(
  kubernetes: Kubernetes,
  release: HelmRelease,
  signal: AbortSignal,
): Promise<string[]> {
  const { spec, status } = release;
  const pending = await pendingUpgrade(kubernetes, release, signal);
  const deployed = deployedRelease(release);
  const values = deployed?.configDigest === status?.lastAttemptedConfigDigest;
  return [
    ...(pending === null ? [] : [`an upgrade is pending: ${pending}`]),
    ...(deployed?.status === 'deployed'
      ? []
      : [`its last release is ${deployed?.status ?? 'not there'}, not deployed`]),
    ...(values ? [] : ['the values last tried are not those that are deployed']),
    ...((spec.valuesFrom ?? []).length === 0 ? [] : ['it takes values from elsewhere, which may have changed']),
    ...(spec.upgrade?.remediation?.strategy === 'uninstall' ? ['its failure strategy is uninstall'] : []),
    ...(spec.upgrade?.force === true ? ['its upgrades replace objects (upgrade.force)'] : []),
  ];
}
