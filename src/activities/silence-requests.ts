import { KintsugiError } from '../errors.ts';
import type { Activities } from '../recovery/activities.ts';
import { parseTarget } from '../recovery/ids.ts';
import type { SilenceAnswer, SilenceRequest } from '../recovery/silence-answers.ts';
import type { Entry, Scope } from '../silences/entry.ts';
import { signedSilence } from '../silences/signed.ts';
import { addSilence, endSilence, readSilences, type SilenceList } from '../silences/store.ts';
import { judgeProof } from '../workflows/order-proof.ts';
import { withFailures } from './failure.ts';

/** What changing silences for a front door needs. */
export interface SilenceRequestDependencies extends SilenceList {
  /** KINTSUGI_ORDER_PUBLIC_KEY */
  orderPublicKeys: readonly string[];
}

/** An answer is 32 KiB at most (durability 9). */
const MOST_BYTES = 30_000;
/** What a front door signed longer ago than this may be somebody's repeat of it. */
const SIGNED_WITHIN_MS = 5 * 60_000;

/** The activity that reads and changes Kintsugi's own list for the gateway, which never calls Kubernetes itself. */
export function createSilenceRequests(dependencies: SilenceRequestDependencies): Pick<Activities, 'changeSilences'> {
  return { changeSilences: withFailures((request) => changeSilences(dependencies, request)) };
}

/** @throws KintsugiError as the list itself does; `invalid` for a signature that does not fit */
export async function changeSilences(
  dependencies: SilenceRequestDependencies,
  request: SilenceRequest,
): Promise<SilenceAnswer> {
  switch (request.what) {
    case 'list':
      return bounded(await readSilences(dependencies));
    case 'add': {
      const verified = isVerified(dependencies, request);
      const { id, actor, reason, forMs } = request;
      return {
        silences: [await addSilence(dependencies, { id, scope: scopeOf(request), actor, verified, reason, forMs })],
      };
    }
    case 'end': {
      isVerified(dependencies, request);
      const { id, actor, reason } = request;
      return { silences: [await endSilence(dependencies, id, { actor, reason })] };
    }
  }
}

function scopeOf({ target, runbook }: SilenceRequest & { what: 'add' }): Scope {
  const parsed = parseTarget(target ?? '');
  if (parsed !== null && runbook === undefined) return { target: parsed };
  if (target === undefined && runbook !== undefined) return { runbook };
  throw new KintsugiError('invalid', 'a silence is of one target or of one runbook', {
    where: 'target, runbook',
    fix: 'Give either namespace/kind/name or the name of a runbook.',
  });
}

/** Whether a front door has signed exactly this. Throws for a signature that is none of it. */
function isVerified(
  { orderPublicKeys }: SilenceRequestDependencies,
  request: Exclude<SilenceRequest, { what: 'list' }>,
): boolean {
  const { signed } = request;
  if (signed === undefined) return false;
  const verdict = judgeProof(signedSilence(request), signed, orderPublicKeys);
  const isOld = Math.abs(Date.now() - Date.parse(signed.at)) > SIGNED_WITHIN_MS;
  if (verdict !== 'forged' && !isOld) return verdict === 'verified';
  throw new KintsugiError(
    'invalid',
    isOld ? 'what was signed is too old' : 'the signature does not fit what is asked',
    {
      where: 'signed',
      fix: 'Ask again by the gateway.',
    },
  );
}

function bounded(entries: readonly Entry[]): SilenceAnswer {
  let room = MOST_BYTES;
  const silences = entries.filter((entry) => {
    room -= Buffer.byteLength(JSON.stringify(entry));
    return room > 0;
  });
  const leftOff = entries.length - silences.length;
  return { silences, ...(leftOff === 0 ? {} : { leftOff }) };
}
