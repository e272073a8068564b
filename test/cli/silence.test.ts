import { expect, test } from '@jest/globals';
import { kintsugiJson } from './command.ts';

const TARGET = 'bruno/deployment/agent-bruno';
/** Nothing listens there: what is refused here was refused before anything was asked of the cluster. */
const environment = { KUBECONFIG: '/nowhere' };

test.each([
  [['silence', TARGET, '--for', '2h', '--reason', 'node upgrade']],
  [['silence', 'end', 's1']],
  [['pause', '--reason', 'node upgrade']],
  [['resume']],
])('%j is refused where nobody says who does it', async (command) => {
  const { exitCode, answer } = await kintsugiJson(command, environment);
  expect(exitCode).toBe(2);
  expect(answer).toMatchObject({
    error: { code: 'invalid', message: expect.stringContaining("required option '--actor <name>' not specified") },
  });
});

test.each([
  [[TARGET, '--runbook', 'agent-bruno-pod-crash-loop'], /either namespace\/kind\/name or --runbook/],
  [[], /either namespace\/kind\/name or --runbook/],
  [['agent-bruno'], /namespace\/kind\/name/],
  [[TARGET, '--for', 'long'], /a span like 2h/],
])('%j is no silence, and it is said what would be one', async (what, message) => {
  const { exitCode, answer } = await kintsugiJson(
    ['silence', '--for', '2h', '--actor', 'ana', '--reason', 'node upgrade', ...what],
    environment,
  );
  expect(exitCode).toBe(2);
  expect(answer).toMatchObject({ error: { code: 'invalid', message: expect.stringMatching(message) } });
});

test('a missing span is asked for as such, and not for the sake of those who read the history', async () => {
  const { answer } = await kintsugiJson(['silence', TARGET, '--actor', 'ana', '--reason', 'node upgrade'], environment);
  expect(answer).toMatchObject({ error: { fix: expect.stringMatching(/^give it; `kintsugi --help`/) } });
});
