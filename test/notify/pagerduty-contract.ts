import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import type { SeenRequest } from '../http/server.ts';

/** The event as https://developer.pagerduty.com/docs/send-alert-event documents it; unknown members are refused. */
const keys = { routing_key: z.string().length(32), dedup_key: z.string().min(1).max(255) };
const eventSchema = z.discriminatedUnion('event_action', [
  z.strictObject({
    ...keys,
    event_action: z.literal('trigger'),
    payload: z.strictObject({
      summary: z.string().min(1).max(1024),
      source: z.string().min(1),
      severity: z.enum(['critical', 'error', 'warning', 'info']),
      timestamp: z.iso.datetime({ offset: true }).optional(),
      component: z.string().optional(),
      group: z.string().optional(),
      class: z.string().optional(),
      custom_details: z.record(z.string(), z.json()).optional(),
    }),
    images: z.array(z.never()).optional(),
    links: z.array(z.strictObject({ href: z.url({ protocol: /^https?$/ }), text: z.string().optional() })).optional(),
    client: z.string().optional(),
    client_url: z.url().optional(),
  }),
  z.strictObject({ ...keys, event_action: z.enum(['acknowledge', 'resolve']) }),
]);

/** What a request breaks of the documented contract, in words; null if nothing. 512 KB at most. */
export function eventViolation({ method, path, headers, body }: SeenRequest): string | null {
  if (method !== 'POST' || path !== '/v2/enqueue') return `${method} ${path}`;
  if (headers['content-type'] !== 'application/json') return `content type ${headers['content-type']}`;
  if (Buffer.byteLength(body) > 512 * 1000) return `${Buffer.byteLength(body)} bytes`;
  const event = eventSchema.safeParse(JSON.parse(body));
  return event.success ? null : z.prettifyError(event.error);
}

/** The event that a request brings. */
export const eventOf = ({ body }: SeenRequest) => eventSchema.parse(JSON.parse(body));

/** The documented answer to what is taken. */
export function takeEvent(request: SeenRequest, response: ServerResponse): void {
  response
    .writeHead(202, { 'content-type': 'application/json' })
    .end(JSON.stringify({ status: 'success', message: 'Event processed', dedup_key: eventOf(request).dedup_key }));
}
