import { expect, test } from '@jest/globals';
import { signatureOf, signerOf } from '../../../src/gateway/slack/signature.ts';

// The example of Slack's documentation, "Verifying requests from Slack".
const SECRET = '8f742231b10e8888abcd99yyyzzz85a5';
const TIMESTAMP = '1531420618';
const BODY =
  'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c';
const SIGNATURE = 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503';
const at = (seconds: number) => new Date((Number(TIMESTAMP) + seconds) * 1000);
const secrets = new Map([
  ['other', 'another-secret'],
  ['chat', SECRET],
]);
const request = { signature: SIGNATURE, timestamp: TIMESTAMP, body: BODY };

test("is that of the documentation's example", () => {
  expect(signatureOf(TIMESTAMP, BODY, SECRET)).toBe(SIGNATURE);
  expect(signerOf(request, secrets, at(1))).toBe('chat');
});

test.each<[string, Partial<typeof request> | { signature: undefined }, number]>([
  ['a body that was altered', { body: `${BODY}&more=1` }, 0],
  ['a time stamp that was altered', { timestamp: String(Number(TIMESTAMP) + 1) }, 0],
  ['a signature that is cut', { signature: SIGNATURE.slice(0, -1) }, 0],
  ['a signature of another version', { signature: SIGNATURE.replace('v0', 'v1') }, 0],
  ['no signature', { signature: undefined }, 0],
  ['a time stamp that is none', { timestamp: '1531420618.5' }, 0],
  ['a request of six minutes ago', {}, 360],
  ['a request of a time to come', {}, -360],
])('does not hold for %s', (_sentence, change, seconds) => {
  expect(() => signerOf({ ...request, ...change }, secrets, at(seconds))).toThrow(
    expect.objectContaining({ code: 'forbidden', message: expect.not.stringContaining(SECRET) }),
  );
});

test('holds for five minutes, however the clocks differ', () => {
  expect(signerOf(request, secrets, at(299))).toBe('chat');
  expect(signerOf(request, secrets, at(-299))).toBe('chat');
});

test('is nobody where no app has buttons', () => {
  expect(() => signerOf(request, new Map(), at(0))).toThrow(/not that of a Slack app/);
});
