import { startServer } from '../../http/server.ts';
import { eventOf, eventViolation, takeEvent } from '../../notify/pagerduty-contract.ts';
import { bodyOf, type Delivery, integration, signedBy, WEBHOOK_SECRET } from './deliveries.ts';

/**
 * PagerDuty as it is documented, for one service that creates alerts: its Events API, "List alerts for an incident", and webhooks of
 * everything that happens to an incident, also of what the Events API does.
 */
export interface PagerDutyStandIn {
  eventsUrl: string;
  apiUrl: string;
  /** What the Events API took, in order: `<routing key> <action> <dedup_key>`. */
  events: string[];
  /** What broke the documentation. */
  refused: string[];
  /** From now on webhooks go there. */
  subscribe(url: string): void;
  /** Tells the webhook what somebody did; the answer's status and body. */
  deliver(delivery: Delivery): Promise<{ status: number; body: unknown }>;
  close(): Promise<void>;
}

export const API_KEY = 'y_NbAkKc66ryYTWUXYEu';

const INCIDENT = 'PGR0VU2';

export async function startPagerDuty(): Promise<PagerDutyStandIn> {
  const events: string[] = [];
  const refused: string[] = [];
  const keys = new Set<string>();
  const echoes: Promise<unknown>[] = [];
  let url: string | undefined;

  const deliver: PagerDutyStandIn['deliver'] = async (delivery) => {
    if (url === undefined) return { status: 0, body: null };
    const body = bodyOf(delivery);
    const answer = await fetch(url, { method: 'POST', headers: signedBy(WEBHOOK_SECRET, body), body });
    return { status: answer.status, body: await answer.json() };
  };

  const server = await startServer((request, response) => {
    if (request.method === 'GET') {
      const known = request.headers.authorization === `Token token=${API_KEY}`;
      if (!known || !request.path.startsWith(`/incidents/${INCIDENT}/alerts`))
        return void response.writeHead(known ? 404 : 401).end('{}');
      const alerts = [...keys].map((alert_key) => ({ id: 'PALERT', type: 'alert', status: 'triggered', alert_key }));
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ alerts }));
    }
    const violation = eventViolation(request);
    if (violation !== null) {
      refused.push(violation);
      return void response.writeHead(400).end('{}');
    }
    const { routing_key, event_action, dedup_key } = eventOf(request);
    events.push(`${routing_key} ${event_action} ${dedup_key}`);
    keys.add(dedup_key);
    takeEvent(request, response);
    const type = { trigger: 'incident.triggered', acknowledge: 'incident.acknowledged', resolve: 'incident.resolved' };
    echoes.push(
      deliver({ type: type[event_action], id: `01ECHO${events.length}`, agent: integration }).catch(() => {}),
    );
  });
  return {
    eventsUrl: `${server.url}/v2/enqueue`,
    apiUrl: server.url,
    events,
    refused,
    subscribe: (given) => {
      url = given;
    },
    deliver,
    close: async () => {
      await Promise.all(echoes);
      await server.close();
    },
  };
}
