import { closest } from '../../faults/closest.ts';
import type { Finding } from '../../recovery/values.ts';
import type { ReferenceEvidence } from '../evidence/reference.ts';
import type { Evidence } from '../evidence.ts';
import { type FindingParts, finding } from '../finding.ts';

/** What is asked for and not there. `name` is not known where the kubelet names the key alone. */
export interface Asked {
  kind: 'Secret' | 'ConfigMap' | 'ServiceAccount' | 'PersistentVolumeClaim';
  name: string | undefined;
  key?: string | undefined;
  /** Who asks: "Pod a-1", "app". */
  who: string;
}

/** Subject, sentence and mend for a reference that is not there: which object, which key, where the template names it. */
export function missingReference(
  { references }: Pick<Evidence, 'references'>,
  { kind, name, key, who }: Asked,
): Pick<FindingParts, 'subject' | 'summary' | 'mend'> {
  const known = references.find(
    (reference) =>
      reference.kind === kind &&
      (name === undefined ? reference.missingKeys.includes(key ?? '') : reference.name === name),
  );
  const object = `${kind}/${name ?? known?.name ?? '?'}`;
  const uses = known?.usedBy ?? [];
  const use = uses.length === 0 ? '' : ` (${uses.slice(0, 3).join(', ')})`;
  if (key === undefined)
    return {
      subject: object,
      summary: `${who} refers to ${object}${use}, which is not there.`,
      mend: 'Create it, or correct the name.',
    };
  const near = closest(key, known?.keys ?? []);
  const keys = known?.keys.length ? `; it has ${known.keys.slice(0, 8).join(', ')}` : '';
  return {
    subject: `${object}:${key}`,
    summary: `${who} refers to key ${key} of ${object}${use}, which it does not have${keys}.`,
    mend: near === null ? 'Add the key, or correct its name.' : `Did you mean ${near}?`,
  };
}

/** A reference that is not there, where no container state says it yet. */
export function referenceFacts(evidence: Evidence): Finding[] {
  const waits = evidence.pods.some((pod) =>
    pod.containers.some((container) => container.state.kind === 'waiting' && container.restarts === 0),
  );
  if (!waits) return [];
  return evidence.references.filter(isMissing).map((reference) => {
    const { kind, name, found, missingKeys } = reference;
    const asked = { kind, name, key: found === false ? undefined : missingKeys[0], who: 'The template' };
    const told = missingReference(evidence, asked);
    return finding({
      cause: kind === 'PersistentVolumeClaim' ? 'volume-unavailable' : 'missing-config-reference',
      ...told,
      score: 90,
      quotes: [{ source: 'pod template', text: `${told.subject}: ${reference.usedBy?.join(', ') ?? 'named'}` }],
    });
  });
}

/** A pull secret that is not there is no reason to wait: the pull is tried without it, and says itself what is wrong. */
function isMissing({ optional, found, missingKeys, usedBy = [] }: ReferenceEvidence): boolean {
  if (optional || (usedBy.length === 1 && usedBy[0] === 'imagePullSecrets')) return false;
  return found === false || missingKeys.length > 0;
}
