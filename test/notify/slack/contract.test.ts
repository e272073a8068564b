import { keepsTheContract, type Meeting, type Provider } from '../contract.ts';
import { chatsOfFile } from './chats.ts';
import { type Met, startSlack, TOKEN } from './stand-in.ts';

const { notifierAt, tokenFile } = chatsOfFile();

const MET: Record<Meeting, Met> = {
  take: 'take',
  overload: { status: 429, retryAfter: '1' },
  'overload-long': { status: 429, retryAfter: '600' },
  fault: { status: 500 },
  refuse: { error: 'channel_not_found' },
  hang: 'hang',
  reset: 'reset',
  lost: 'lost',
};

keepsTheContract({
  kind: 'slack',
  deduplicates: false,
  async start(): Promise<Provider> {
    const standIn = await startSlack();
    return {
      notifier: notifierAt(standIn.apiUrl, { signingSecretFile: tokenFile }),
      meet: (...meetings) => standIn.meet(...meetings.map((meeting) => MET[meeting])),
      seen: () => standIn.requests.map(({ body }) => body),
      violations: () => standIn.refused,
      close: () => standIn.close(),
    };
  },
  unreachable: () => ({ notifier: notifierAt('http://127.0.0.1:1/api/'), setting: 'tokenFile' }),
  secrets: [TOKEN],
});
