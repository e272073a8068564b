import type { Finding } from '../recovery/values.ts';
import type { Evidence } from './evidence.ts';
import { finding } from './finding.ts';

/**
 * A finding about a pull with what the registry itself says beside the kubelet's word: which tag or secret is at fault, or that
 * it would give the image by now, and the pull has just not been repeated.
 */
export function askedRegistry(evidence: Evidence, found: Finding): Finding {
  const asked = evidence.images?.find(
    ({ container, image }) => container === found.container && image === found.subject,
  );
  if (asked === undefined) return found;
  const { kind, saw } = asked.pull;
  const answer = kind === 'pullable' ? 'the registry gives it' : saw;
  const { cause: _cause, ...parts } = found;
  return finding({
    ...parts,
    cause: 'image-pull-failure',
    summary: `${found.summary} Asked now, ${answer}.`,
    quotes: [{ source: 'registry', text: saw }, ...found.quotes],
  });
}
