import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { KintsugiError } from '../../errors.ts';
import type { Person } from '../../orders/tokens.ts';
import { milliseconds } from '../../recovery/durations.ts';
import { formatTarget, parseTarget } from '../../recovery/ids.ts';
import type { SilenceEntry, SilenceRequest } from '../../recovery/silence-answers.ts';
import { isActive } from '../../silences/entry.ts';
import { signedSilence } from '../../silences/signed.ts';
import { newSilenceId } from '../../silences/store.ts';
import { requestSilences } from '../../temporal/silences.ts';
import { type ApiParts, requireRole, requireSelf } from './handlers.ts';
import type { endSilenceBody, silenceBody, silencesQuery } from './schemas.ts';

/** What the API's calls about silences do: a worker reads and writes the list, since the gateway never calls Kubernetes. */

export async function listSilences({ session }: ApiParts, { all }: z.infer<typeof silencesQuery>) {
  const { silences, leftOff } = await requestSilences(session, { what: 'list' }, newSilenceId());
  const now = new Date();
  const shown = all === 'true' ? silences : silences.filter((entry) => isActive(entry, now));
  return { silences: shown, ...(leftOff === undefined ? {} : { leftOff }) };
}

export async function addSilence(
  parts: ApiParts,
  person: Person,
  { for: span, target, runbook, reason, actor, id: own }: z.infer<typeof silenceBody>,
  header: string | undefined,
): Promise<SilenceEntry> {
  requireSelf(person, actor);
  requireRole(person, 'silence');
  const parsed = parseTarget(target ?? '');
  if ((parsed === null) === (runbook === undefined)) throw ofOneThing();
  if (runbook !== undefined) await requireRunbook(parts, runbook);
  const scope = parsed === null ? { runbook: runbook ?? '' } : { target: formatTarget(parsed) };
  const asked = { ...scope, forMs: milliseconds(span), actor: person.person, reason };
  const id = idOf(own ?? header, asked);
  return changed(parts, { what: 'add', id, ...asked });
}

export async function endSilence(
  parts: ApiParts,
  person: Person,
  id: string,
  { reason = '', actor }: z.infer<typeof endSilenceBody>,
): Promise<SilenceEntry> {
  requireSelf(person, actor);
  requireRole(person, 'silence');
  return changed(parts, { what: 'end', id, actor: person.person, reason });
}

async function changed(
  { session, sign }: ApiParts,
  request: Exclude<SilenceRequest, { what: 'list' }>,
): Promise<SilenceEntry> {
  const signed = sign === undefined ? {} : { signed: sign(signedSilence(request)) };
  const { silences } = await requestSilences(session, { ...request, ...signed }, `${request.what}-${request.id}`);
  const [entry] = silences;
  if (entry === undefined) throw new Error('a worker answered without the silence');
  return entry;
}

/** Of the sender's own key and what is asked for, so that a repeat is the same silence, and nothing else is. */
function idOf(key: string | undefined, asked: object): string {
  if (key === undefined) return newSilenceId();
  return createHash('sha256')
    .update(JSON.stringify([key, asked]))
    .digest('hex')
    .slice(0, 8);
}

/** A silence of a runbook that is not there would silence nothing, and nobody would know. */
async function requireRunbook({ runbooks }: ApiParts, name: string): Promise<void> {
  if ((await runbooks()).some((stored) => stored.name === name)) return;
  throw new KintsugiError('not-found', `there is no runbook ${name}`, {
    where: 'runbook',
    fix: '`kintsugi runbook list` shows those that there are',
  });
}

function ofOneThing(): KintsugiError {
  return new KintsugiError('invalid', 'a silence is of one target or of one runbook', {
    where: 'target, runbook',
    fix: 'give either namespace/kind/name or the name of a runbook',
  });
}
