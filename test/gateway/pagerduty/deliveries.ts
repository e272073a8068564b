import { webhookSignatureOf } from '../../../src/gateway/pagerduty/signature.ts';

export const WEBHOOK_SECRET = 'r6nO8aZvXq2Yk0tS4wLm';

/** Somebody does something with an incident in PagerDuty. */
export interface Delivery {
  type?: string;
  id?: string;
  /** Null: what an alert's service gives its incidents that has alerts of its own. */
  key?: string | null;
  agent?: object | null;
  data?: object;
}

export const tenex = {
  html_url: 'https://acme.pagerduty.com/users/PLH1HKV',
  id: 'PLH1HKV',
  self: 'https://api.pagerduty.com/users/PLH1HKV',
  summary: 'Tenex Engineer',
  type: 'user_reference',
};

/** What the Events API does is the doing of its integration. */
export const integration = {
  html_url: 'https://acme.pagerduty.com/services/PF9KMXH/integrations/PXMQRWJ',
  id: 'PXMQRWJ',
  self: 'https://api.pagerduty.com/services/PF9KMXH/integrations/PXMQRWJ',
  summary: 'Events API V2',
  type: 'inbound_integration_reference',
};

/** The body as https://developer.pagerduty.com/docs/webhooks/webhooks-overview shows it. */
export function bodyOf({
  type = 'incident.acknowledged',
  id = '01FFE2FY4SONSAOFXFNLQ73WQW',
  ...more
}: Delivery): string {
  const { key = null, agent = tenex, data = {} } = more;
  return JSON.stringify({
    event: {
      id,
      event_type: type,
      resource_type: 'incident',
      occurred_at: '2025-10-15T12:20:22.169Z',
      agent,
      client: { name: 'PagerDuty' },
      data: {
        id: 'PGR0VU2',
        type: 'incident',
        self: 'https://api.pagerduty.com/incidents/PGR0VU2',
        html_url: 'https://acme.pagerduty.com/incidents/PGR0VU2',
        number: 2,
        status: 'acknowledged',
        incident_key: key,
        created_at: '2025-10-15T12:18:04Z',
        title: 'CRITICAL bruno/Deployment/agent-bruno',
        service: { id: 'PF9KMXH', summary: 'API Service', type: 'service_reference' },
        assignees: [tenex],
        teams: [],
        priority: null,
        urgency: 'high',
        conference_bridge: null,
        resolve_reason: null,
        ...data,
      },
    },
  });
}

/** A note names its incident by id alone. */
export function noteBody(content: string): string {
  const { event } = JSON.parse(bodyOf({ type: 'incident.annotated', id: '01NOTE' }));
  const incident = { id: 'PGR0VU2', summary: 'CRITICAL bruno', type: 'incident_reference' };
  event.data = { incident, id: 'P2LA89X', content, trimmed: false, type: 'incident_note' };
  return JSON.stringify({ event });
}

export function signedBy(secret: string, body: string): Record<string, string> {
  return {
    'content-type': 'application/json',
    'x-pagerduty-signature': webhookSignatureOf(body, secret),
    'x-webhook-id': '9d7a9c5e-1d1e-4b51-8a6c-2d7ac6f3c5d0',
  };
}
