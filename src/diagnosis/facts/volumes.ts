import type { Finding } from '../../recovery/values.ts';
import type { EventEvidence, PodEvidence } from '../evidence/pod.ts';
import type { ClaimEvidence } from '../evidence/reference.ts';
import type { Evidence } from '../evidence.ts';
import { type FindingParts, finding } from '../finding.ts';
import { eventQuote } from '../states.ts';
import { missingReference } from './references.ts';

/** A pod that is not placed because of its claim: which one, and what keeps it from being bound. */
export function claimFact(evidence: Evidence, pod: PodEvidence, message: string, quotes: Finding['quotes']): Finding {
  const named = /persistentvolumeclaim "([^"]+)"/.exec(message)?.[1];
  const claim =
    evidence.claims.find(({ name }) => name === named) ?? evidence.claims.find(({ phase }) => phase !== 'Bound');
  const subject = named ?? claim?.name;
  const own = evidence.events.filter((event) => event.object === `PersistentVolumeClaim/${subject}`);
  const why = claim === undefined ? undefined : claimReason(claim, own);
  const fallback =
    named !== undefined && /not found/.test(message)
      ? {
          summary: `Pod ${pod.name} waits for claim ${named}, which is not there.`,
          mend: 'Create it, or correct claimName.',
        }
      : {
          summary: `Pod ${pod.name} waits for its volume${subject === undefined ? '' : ` (claim ${subject})`}: ${message}`,
        };
  return finding({
    cause: 'volume-unavailable',
    pod: pod.name,
    subject,
    score: 95,
    ...(why === undefined
      ? fallback
      : { ...why, summary: `Pod ${pod.name} waits for claim ${subject}: ${why.summary}.` }),
    quotes: [...quotes, ...own.slice(-1).map(eventQuote)],
  });
}

type Reason = Pick<FindingParts, 'summary' | 'mend'>;

/** Why a claim is not bound, as a clause; undefined where it only waits for its pod to be placed. */
function claimReason(claim: ClaimEvidence, events: EventEvidence[]): Reason | undefined {
  const { phase, storageClass, classState } = claim;
  if (phase === 'Bound') return undefined;
  if (phase === 'Lost')
    return {
      summary: `its volume ${claim.volume ?? ''} is lost`,
      mend: 'The volume was deleted: restore it from a backup.',
    };
  if (phase === 'Terminating') return { summary: 'it is being deleted' };
  const known = classState?.known.join(', ') || 'none';
  if (storageClass === '')
    return {
      summary: 'it asks for a volume made by hand (storageClassName ""), and none fits',
      mend: 'Create a matching PersistentVolume.',
    };
  if (classState?.found === false && storageClass === undefined)
    return {
      summary: `it names no storage class and the cluster has no default one (there are: ${known})`,
      mend: 'Name a storageClassName.',
    };
  if (classState?.found === false)
    return {
      summary: `storage class ${storageClass} is not there (there are: ${known})`,
      mend: 'Correct storageClassName, or create the class.',
    };
  const failed = events.findLast(({ reason }) => reason === 'ProvisioningFailed')?.message;
  if (failed !== undefined) return { summary: `provisioner ${classState?.provisioner ?? ''} fails: ${failed}` };
  if (classState?.provisioner !== undefined && events.some(({ reason }) => reason === 'ExternalProvisioning'))
    return {
      summary: `provisioner ${classState.provisioner} of class ${storageClass ?? '(default)'} makes no volume`,
      mend: "Check that the provisioner's pods run.",
    };
  return undefined;
}

/** A volume that a placed pod cannot attach or mount. */
export function volumeFacts(evidence: Evidence, pod: PodEvidence): Finding[] {
  if (pod.containers.some((container) => container.state.kind === 'running' || container.restarts > 0)) return [];
  const latest = evidence.events.findLast(
    (event) =>
      /^Failed(?:Mount|AttachVolume|MapVolume|Binding)$|^ProvisioningFailed$/.test(event.reason) &&
      !PASSING.test(event.message) &&
      isAbout(event, pod),
  );
  if (latest === undefined) return [];
  const base = { pod: pod.name, score: 95, quotes: [eventQuote(latest)] };
  const missing = /(secret|configmap) "([^"]+)" not found/i.exec(latest.message);
  const key = /references non-existent (secret|config) key: (\S+)/i.exec(latest.message);
  if (missing !== null || key !== null) {
    const kind = (missing?.[1] ?? key?.[1] ?? '').toLowerCase() === 'secret' ? 'Secret' : 'ConfigMap';
    const asked = { kind, name: missing?.[2], key: key?.[2], who: `Pod ${pod.name}` } as const;
    return [finding({ ...base, cause: 'missing-config-reference', ...missingReference(evidence, asked) })];
  }
  return [finding({ ...base, cause: 'volume-unavailable', ...mountReason(pod, latest.message) })];
}

/** What a kubelet says while it has not yet asked for a new object. */
const PASSING = /failed to sync (?:secret|configmap) cache/;

function isAbout({ object }: EventEvidence, pod: PodEvidence): boolean {
  return object === undefined || object === `Pod/${pod.name}` || object.startsWith('PersistentVolumeClaim/');
}

function mountReason(pod: PodEvidence, message: string): Pick<FindingParts, 'subject' | 'summary' | 'mend'> {
  const volume = /[Vv]olume "([^"]+)"|claim "([^"]+)"|storageclass\S* "([^"]+)"|unmounted volumes=\[([^\]\s]+)/.exec(
    message,
  );
  const subject = volume?.[1] ?? volume?.[2] ?? volume?.[3] ?? volume?.[4];
  const what = `Volume ${subject ?? ''} of pod ${pod.name}`.replace('  ', ' ');
  const multi = /Multi-Attach error.*?(?:used by pod\(s\) (.+)|exclusively attached to one node)/.exec(message);
  if (multi !== null)
    return {
      subject,
      summary: `${what} is still attached to another node${multi[1] === undefined ? '' : `, where pod ${multi[1]} uses it`}.`,
      mend: 'A ReadWriteOnce volume is on one node at a time: end that pod first (strategy Recreate).',
    };
  const driver = /driver name (\S+) not found in the list of registered CSI drivers/.exec(message)?.[1];
  if (driver !== undefined)
    return {
      subject,
      summary: `${what} needs the CSI driver ${driver}, which is not on node ${pod.node ?? ''}.`,
      mend: "Check the driver's DaemonSet on that node.",
    };
  const hostPath = /hostPath type check failed: (\S+) (is not .+|does not exist)/.exec(message);
  if (hostPath !== null)
    return {
      subject: hostPath[1],
      summary: `${what} asks for the node's path ${hostPath[1]}, which ${hostPath[2]} on node ${pod.node ?? ''}.`,
    };
  const server = /(mount\.nfs|mount error|Output: .*?):? ?(.*)$/s.exec(message)?.[0];
  return { subject, summary: `${what} is not available: ${server ?? message}` };
}
