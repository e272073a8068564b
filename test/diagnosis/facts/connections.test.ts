import { describe, test } from '@jest/globals';
import { ended, pod } from '../evidence.ts';
import { type Case, isToldFirst } from './first-finding.ts';
import { ready } from './seen.ts';

const NAMES: Case[] = [
  [
    'a Service that is not there: which variable names it, and what was meant',
    {
      pods: [pod(ended(1, 'socket.gaierror: [Errno -2] Name or service not known\n'))],
      names: [
        {
          host: 'orders-bd.shop.svc',
          service: 'orders-bd',
          namespace: 'shop',
          from: 'env DATABASE_URL of agent-bruno',
          found: false,
          near: 'orders-db',
        },
      ],
    },
    'dns-failure|agent-bruno|orders-bd.shop.svc',
    'env DATABASE_URL of agent-bruno',
    'namespace shop has no Service orders-bd',
    'Did you mean orders-db?',
  ],
];

const SERVICES: Case[] = [
  [
    'a selector with a slip: what the pods have',
    {
      pods: [ready('a')],
      services: [
        {
          name: 'web',
          found: true,
          selector: { app: 'webb' },
          endpointsReady: 0,
          endpointsNotReady: 0,
          differs: ['app=web, not app=webb'],
        },
      ],
    },
    'service-without-endpoints||web',
    'they have app=web, not app=webb',
  ],
  [
    'a target port that is the name of no port',
    {
      pods: [ready('a')],
      services: [
        {
          name: 'web',
          found: true,
          selector: { app: 'web' },
          endpointsReady: 1,
          endpointsNotReady: 0,
          unknownPorts: ['htpp'],
        },
      ],
    },
    'service-without-endpoints||web',
    'htpp',
  ],
];

describe('when a name is not found', () => {
  test.each(NAMES)('%s', isToldFirst);
});

describe('when a Service leads nowhere', () => {
  test.each(SERVICES)('%s', isToldFirst);
});
