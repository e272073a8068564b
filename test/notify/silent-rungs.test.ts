import { describe, expect, test } from '@jest/globals';
import { type Climbing, silentRungs } from '../../src/notify/silent-rungs.ts';

const entry = (name: string, type: string, settings: object) => ({ name, type, settings, places: {} });
const callers = {
  notifiers: [
    entry('oncall', 'pagerduty', { routingKeyFile: '/keys/oncall' }),
    entry('oncall-again', 'pagerduty', { routingKeyFile: '/keys/oncall' }),
    entry('manager', 'pagerduty', { routingKeyFile: '/keys/manager' }),
    entry('chat', 'slack', { tokenFile: '/keys/slack', channel: 'C1' }),
  ],
  defaultNotifiers: ['log', 'oncall', 'chat'],
};
type Rung = [string, string[], string?];
const ladder = (...written: Rung[]): Climbing => {
  const rungs = written.map(([after, notify, repeat]) => ({ after, notify, repeat }));
  return { name: 'agents', runbook: { spec: { escalation: { rungs } } } };
};

describe('a rung that calls nobody anew is found', () => {
  test.each<[string, Rung[], string[]]>([
    [
      'where the same PagerDuty is asked twice',
      [
        ['15m', ['oncall', 'log']],
        ['25m', ['oncall']],
      ],
      ['agents after 25m: oncall has the page by then, and calls nobody anew'],
    ],
    [
      'where it is asked twice under two names, and by `default`',
      [
        ['15m', ['default']],
        ['25m', ['oncall-again']],
        ['35m', ['default', 'chat']],
      ],
      [
        'agents after 25m: oncall-again has the page by then, and calls nobody anew',
        'agents after 35m: oncall has the page by then, and calls nobody anew',
      ],
    ],
    [
      'where a rung of PagerDuty repeats',
      [
        ['15m', ['chat']],
        ['25m', ['manager', 'chat'], '15m'],
      ],
      ['agents again every 15m: manager has the page, and calls nobody anew'],
    ],
    [
      'and not where each rung is another service, or no PagerDuty',
      [
        ['15m', ['oncall', 'chat']],
        ['25m', ['manager', 'oncall']],
        ['35m', ['chat', 'oncall'], '15m'],
      ],
      [],
    ],
  ])('%s', (_sentence, rungs, expected) => {
    expect(silentRungs([ladder(...rungs)], callers)).toEqual(expected);
  });
});
