import { z } from 'zod';

const reference = z.looseObject({ id: z.string(), type: z.string(), summary: z.string().nullish() });

/**
 * A webhook V3 of PagerDuty, as far as it is needed: https://developer.pagerduty.com/docs/webhooks/webhooks-overview. Of an incident's
 * events `data` is the incident; of a note it is the note, which names its incident.
 */
const webhook = z.object({
  event: z.looseObject({
    id: z.string().min(1).max(100),
    event_type: z.string(),
    agent: reference.nullish(),
    data: z.looseObject({
      id: z.string().optional(),
      incident_key: z.string().nullish(),
      incident: z.looseObject({ id: z.string() }).nullish(),
      content: z.string().nullish(),
      resolve_reason: z.looseObject({ type: z.string().nullish() }).nullish(),
    }),
  }),
});

/** What somebody did with an incident in PagerDuty. */
export interface IncidentEvent {
  /** PagerDuty's own id of the event: the same at each repeat. */
  id: string;
  what: 'acknowledged' | 'unacknowledged' | 'resolved' | 'merged' | 'annotated';
  /** Who; null where PagerDuty did it by itself. */
  user: { id: string; name: string } | null;
  incident: { id: string; key: string | null };
  /** Of `annotated`. */
  text?: string;
}

const KINDS: Partial<Record<string, IncidentEvent['what']>> = {
  'incident.acknowledged': 'acknowledged',
  'incident.unacknowledged': 'unacknowledged',
  'incident.resolved': 'resolved',
  'incident.annotated': 'annotated',
};

/**
 * What a body tells of; null for what is not for us: a test (`pagey.ping`), events of another kind, and what no person did. What
 * Kintsugi itself said by the Events API comes back as the doing of an integration (`inbound_integration_reference`): it ends here.
 */
export function incidentEventIn(body: string): IncidentEvent | null {
  const parsed = webhook.safeParse(jsonIn(body));
  if (!parsed.success) return null;
  const { id, event_type, agent, data } = parsed.data.event;
  const kind = KINDS[event_type];
  const user = agent?.type === 'user_reference' ? { id: agent.id, name: agent.summary ?? agent.id } : null;
  // An acknowledgement that runs out is nobody's doing.
  if (kind === undefined || (user === null && kind !== 'unacknowledged')) return null;
  const incident = kind === 'annotated' ? data.incident?.id : data.id;
  if (incident === undefined) return null;
  const isMerged = kind === 'resolved' && data.resolve_reason?.type === 'merge_resolve_reason';
  return {
    id,
    what: isMerged ? 'merged' : kind,
    user,
    incident: { id: incident, key: data.incident_key ?? null },
    ...(kind === 'annotated' ? { text: data.content ?? '' } : {}),
  };
}

/** Which kind of event a body says that it is, for the log. */
export function eventTypeIn(body: string): string | null {
  const parsed = z.object({ event: z.object({ event_type: z.string() }) }).safeParse(jsonIn(body));
  return parsed.success ? parsed.data.event.event_type.slice(0, 100) : null;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
