import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { formatFault, validateRunbook } from '../../src/runbook/validate.ts';
import { catalogue } from './catalogue.ts';

const good = readFileSync(join(import.meta.dirname, 'good.yaml'), 'utf8');

/** The good runbook with some of its text replaced; a replacement that finds nothing is a mistake of the test. */
function edited(...replacements: [string, string][]): string {
  return replacements.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the good runbook has no ${from}`);
    return text.replace(from, to);
  }, good);
}

function faultsOf(text: string, file = 'runbooks/good.yaml') {
  return validateRunbook(file, text, catalogue);
}

/** The line and column where `word` stands for the nth time, both from 1. */
function positionOf(text: string, word: string, nth = 1): { line: number; column: number } {
  let offset = -1;
  for (let count = 0; count < nth; count += 1) offset = text.indexOf(word, offset + 1);
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

test('a good runbook has no faults', () => {
  expect(faultsOf(good)).toEqual([]);
});

test('five faults in one file give five positions, each with what would be right', () => {
  const text = edited(
    ['severity: critical', 'severity: critcal'],
    ['symptom:', 'symtom:'],
    ['cause: oom-killed', 'cause: oom-kiled'],
    ['delete-pod: { of: redis }', 'delete-pod: { of: redsi }'],
    ['$container', '$contaner'],
  );
  const faults = faultsOf(text);
  const at = (word: string) => expect.objectContaining(positionOf(text, word));
  expect(faults).toEqual([
    at('critcal'),
    {
      ...positionOf(text, 'spec:'),
      file: 'runbooks/good.yaml',
      path: 'spec.symptom',
      message: '"symptom" is missing',
      fix: 'add it: a text',
    },
    at('symtom'),
    at('oom-kiled'),
    at('$contaner'),
    at('redsi'),
  ]);
  expect(faults.map(({ fix }) => fix)).toEqual([
    expect.stringContaining('did you mean "critical"?'),
    'add it: a text',
    expect.stringContaining('did you mean "symptom"?'),
    expect.stringContaining('did you mean "oom-killed"?'),
    expect.stringContaining('did you mean "$container"?'),
    expect.stringContaining('did you mean "redis"?'),
  ]);
});

describe('one fault is found, at its place, and says what would be right', () => {
  const cases: { name: string; change: [string, string][]; at: string; path: string; message: RegExp; fix: RegExp }[] =
    [
      {
        name: 'an unknown action',
        change: [['- wait-ready:', '- wait-redy:']],
        at: 'wait-redy',
        path: 'spec.causes[0].remedies[0].actions[1].wait-redy',
        message: /unknown key "wait-redy"/,
        fix: /did you mean "wait-ready"\? known: [a-z-]+, /,
      },
      {
        name: 'an unknown check',
        change: [['[ready, ', '[redy, ']],
        at: 'redy,',
        path: 'spec.verify.checks[0]',
        message: /"redy" is not one of the values/,
        fix: /did you mean "ready"\?/,
      },
      {
        name: 'an unknown check with parameters',
        change: [['http: {', 'htp: {']],
        at: 'htp',
        path: 'spec.verify.checks[1].htp',
        message: /unknown key "htp"/,
        fix: /did you mean "http"\?/,
      },
      {
        name: 'a check without the parameter that it needs',
        change: [['http: { path: /health }', 'http']],
        at: 'http',
        path: 'spec.verify.checks[1].path',
        message: /"path" is missing/,
        fix: /add it/,
      },
      {
        name: 'a parameter that the action does not have',
        change: [['limit: 2Gi }', 'limit: 2Gi, cpu: 1 }']],
        at: 'cpu',
        path: 'spec.causes[0].remedies[0].actions[0].set-resources.memory.cpu',
        message: /unknown key "cpu"/,
        fix: /known: limit, factor/,
      },
      {
        name: 'a parameter of the wrong type',
        change: [['limit: 2Gi }', 'limit: 2 }']],
        at: '2 }',
        path: 'spec.causes[0].remedies[0].actions[0].set-resources.memory.limit',
        message: /2 is read as a number, and a text is wanted/,
        fix: /put it in quotes: "2"/,
      },
      {
        name: 'a check of data that is told from nothing',
        change: [['[ready, ', '[ready, data, ']],
        at: 'data,',
        path: 'spec.verify.checks[1]',
        message: /the runbook has no dataCheck/,
        fix: /spec\.dataCheck/,
      },
      {
        name: 'a pattern of the data that cannot be compiled',
        change: [['  verify:', "  dataCheck: { http: { path: /state, pattern: '(' } }\n  verify:"]],
        at: "'('",
        path: 'spec.dataCheck.http.pattern',
        message: /is not a regular expression/,
        fix: /JavaScript/,
      },
      {
        name: 'a name that stands for nothing',
        change: [['$container', '$redis.selektor']],
        at: '$redis.selektor',
        path: 'spec.causes[0].remedies[0].actions[0].set-resources.container',
        message: /\$redis\.selektor stands for nothing/,
        fix: /did you mean "\$redis\.selector"\?/,
      },
      {
        name: 'two actions in one item',
        change: [['            - wait-ready: { timeout', '              wait-ready: { timeout']],
        at: 'set-resources',
        path: 'spec.causes[0].remedies[0].actions[0]',
        message: /a map is not accepted/,
        fix: /one action with its parameters/,
      },
      {
        name: 'a pattern that is no regular expression',
        change: [['"^redis://"', '"^redis(://"']],
        at: '"^redis(',
        path: 'spec.variables[0].pattern',
        message: /is not a regular expression: unterminated group/i,
        fix: /backslash/,
      },
      {
        name: 'a log pattern that is no regular expression',
        change: [['"^started"', '"[started"']],
        at: '"[started"',
        path: 'spec.verify.checks[2].logs.healthy',
        message: /is not a regular expression/,
        fix: /regular expression/,
      },
      {
        name: 'a value that does not match its own pattern',
        change: [['pattern: "^redis://"', 'pattern: "^redis://", value: "http://redis"']],
        at: '"http://redis"',
        path: 'spec.variables[0].value',
        message: /does not match its own pattern/,
        fix: /correct/,
      },
      {
        name: 'an approval that is neither none nor a map',
        change: [['name: replace-pod', 'name: replace-pod\n          approval: nobody']],
        at: 'nobody',
        path: 'spec.causes[1].remedies[0].approval',
        message: /"nobody" is not one of the values/,
        fix: /known: none/,
      },
      {
        name: 'a cause that is listed twice',
        change: [['cause: unknown', 'cause: oom-killed']],
        at: 'oom-killed\n      person',
        path: 'spec.causes[2].cause',
        message: /"oom-killed" is there already/,
        fix: /keep one/,
      },
      {
        name: 'a cause without remedy and without a word for people',
        change: [['person: Look', 'section: Look']],
        at: 'cause: unknown',
        path: 'spec.causes[2].person',
        message: /neither remedies nor a word for people/,
        fix: /`person`/,
      },
      {
        name: 'an unknown notifier',
        change: [['[webhook, log]', '[webhok, log]']],
        at: 'webhok',
        path: 'spec.escalation.rungs[0].notify[0]',
        message: /no notifier is named "webhok"/,
        fix: /did you mean "webhook"\?/,
      },
      {
        name: 'a rung that does not come later',
        change: [['after: 30m', 'after: 900s']],
        at: '900s',
        path: 'spec.escalation.rungs[1].after',
        message: /does not come after/,
        fix: /each later/,
      },
      {
        name: 'a duration in words',
        change: [['min: 60s', 'min: a minute']],
        at: 'a minute',
        path: 'spec.verify.window.min',
        message: /"a minute" is not accepted/,
        fix: /a duration like 90s/,
      },
      {
        name: 'a verification window that is upside down',
        change: [['min: 60s', 'min: 10m']],
        at: '10m',
        path: 'spec.verify.window.min',
        message: /600 s.*300 s/,
        fix: /min at most max/,
      },
      {
        name: 'a rung that repeats and is not the last',
        change: [['notify: [webhook, log] }', 'notify: [webhook, log], repeat: 10m }']],
        at: 'repeat:',
        path: 'spec.escalation.rungs[0].repeat',
        message: /only the last rung repeats/,
        fix: /move `repeat` to the last rung/,
      },
      {
        name: 'a rung that repeats before anybody could answer',
        change: [['notify: [log] }', 'notify: [log], repeat: 10s }']],
        at: '10s',
        path: 'spec.escalation.rungs[1].repeat',
        message: /10s is too short/,
        fix: /1m at least/,
      },
      {
        name: 'a rung that ends with nothing known',
        change: [['notify: [log] }', 'notify: [log], until: acknowleged }']],
        at: 'acknowleged',
        path: 'spec.escalation.rungs[1].until',
        message: /"acknowleged" is not one of the values/,
        fix: /did you mean "acknowledged"\?/,
      },
      {
        name: 'a note to a notifier that does not exist',
        change: [['    team: shop', '    team: shop\n    note: [webhok]']],
        at: 'webhok',
        path: 'spec.escalation.note[0]',
        message: /no notifier is named "webhok"/,
        fix: /did you mean "webhook"\?/,
      },
      {
        name: 'an alert as neither name nor matcher',
        change: [['{ name: WebSlow', '{ nam: WebSlow']],
        at: 'nam:',
        path: 'spec.alerts.related[0].nam',
        message: /unknown key "nam"/,
        fix: /did you mean "name"\?/,
      },
      {
        name: 'a name that is not the file’s',
        change: [['name: good', 'name: better']],
        at: 'better',
        path: 'metadata.name',
        message: /its file "good.yaml"/,
        fix: /better\.yaml/,
      },
      {
        name: 'a version that YAML reads as a number',
        change: [['version: "1.0"', 'version: 1.5']],
        at: '1.5',
        path: 'metadata.version',
        message: /a text is wanted/,
        fix: /"1\.5"/,
      },
    ];
  for (const { name, change, at, path, message, fix } of cases) {
    test(name, () => {
      const text = edited(...change);
      const faults = faultsOf(text).filter((fault) => fault.path === path);
      expect(faults).toEqual([
        {
          file: 'runbooks/good.yaml',
          ...positionOf(text, at),
          path,
          message: expect.stringMatching(message),
          fix: expect.stringMatching(fix),
        },
      ]);
    });
  }
});

describe('YAML that cannot be read', () => {
  test('is shown where it breaks, together with what is wrong elsewhere', () => {
    const text = edited(['severity: critical', 'severity: critcal'], ['    data: {', '    user: {']);
    const faults = faultsOf(text);
    expect(faults.map(({ line, message }) => ({ line, message }))).toEqual([
      { line: positionOf(text, 'critcal').line, message: expect.stringContaining('"critcal"') },
      { line: positionOf(text, 'user:', 2).line, message: expect.stringContaining('map keys must be unique') },
    ]);
  });

  test('a tab for indentation says to use spaces', () => {
    expect(faultsOf(good.replace('  name: good', '\tname: good'))[0]).toMatchObject({
      line: 4,
      fix: 'indent with spaces',
    });
  });

  test('an empty file, a list and a lone text are faults and not crashes', () => {
    for (const text of ['', '- a\n- b\n', 'hello\n', '%bad\n', 'a: *nowhere\n']) {
      expect(faultsOf(text).length).toBeGreaterThan(0);
    }
  });

  test('every fault can be printed in one line that leads to its place', () => {
    const lines = faultsOf(edited(['symptom:', 'symtom:'])).map(formatFault);
    expect(lines[1]).toBe(
      'runbooks/good.yaml:11:3: spec.symtom: unknown key "symtom"; did you mean "symptom"? known: mode, params, symptom, impact, alerts, target, variables, dependencies, causes, procedures, verify, dataCheck, escalation, settle, postRecovery, prevention, checklist, rollback, byHand, links',
    );
  });
});
