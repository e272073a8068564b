import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { loadRunbook, loadStartedRunbook } from '../../src/runbook/load.ts';
import { runbookPage } from '../../src/runbook/page.ts';
import { valueFromText } from '../../src/runbook/parameters.ts';
import { validateRunbook } from '../../src/runbook/validate.ts';
import { catalogue } from './catalogue.ts';

const source = join(import.meta.dirname, 'procedure.yaml');
const text = await readFile(source, 'utf8');

function faultsOf(from: string | RegExp, to: string) {
  expect(text).toMatch(from);
  return validateRunbook(source, text.replace(from, to), catalogue).map(({ path, message }) => `${path}: ${message}`);
}

describe('a runbook that only people start', () => {
  test('needs neither alerts nor causes', () => {
    expect(validateRunbook(source, text, catalogue)).toEqual([]);
  });

  test('and without its procedures is one that nothing starts', () => {
    expect(faultsOf('  procedures:\n', '  procedures: []\n  byHand:\n')).toContain(
      'spec.alerts.trigger: nothing starts this runbook: it has neither triggers nor procedures',
    );
  });

  test('needs causes as soon as alerts start it', () => {
    expect(faultsOf('  procedures:\n', '  alerts: { trigger: [WebSlow] }\n  procedures:\n')).toEqual([
      'spec.causes: alerts start this runbook, and it knows no cause',
    ]);
  });

  const mistakes: [string, string | RegExp, string, string][] = [
    [
      'an unknown type',
      'type: quantity',
      'type: quantitty',
      'spec.params.limit.type: "quantitty" is not one of the values known here',
    ],
    ['a default of another type', 'default: /health', 'default: 7', 'spec.params.path.default: 7 is not a text'],
    [
      'a required parameter with a default',
      'required: true',
      'required: true, default: 1Gi',
      'spec.params.limit.default: a parameter that is required needs no default',
    ],
    [
      'a parameter that is named as the target’s',
      'wait: {',
      'service: { type: string }\n    wait: {',
      "spec.params.service: $service is the target's",
    ],
    [
      'a name that stands for nothing',
      '$limit',
      '$limitt',
      'spec.procedures[0].actions[0].set-resources.memory.limit: $limitt stands for nothing',
    ],
    [
      'a parameter where another type is wanted',
      '$limit',
      '$attempts',
      'spec.procedures[0].actions[0].set-resources.memory.limit: 3 is read as a number, and a text is wanted',
    ],
    [
      'two procedures of one name',
      '      text: Gives',
      '      text: Gives\n      actions: [{ rollout-restart: {} }]\n    - name: set-limit\n      text: Gives',
      'spec.procedures[1].name: "set-limit" is there already, as an earlier procedure',
    ],
  ];
  for (const [name, from, to, fault] of mistakes) {
    test(`${name} is a fault`, () => {
      expect(faultsOf(from, to)).toContain(fault);
    });
  }

  test('has a page with its parameters, its procedures, what they do and who approves', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'runbooks-'));
    await copyFile(source, join(dir, 'procedure.yaml'));
    const page = runbookPage((await loadRunbook(dir, 'procedure', catalogue)).runbook);
    await rm(dir, { recursive: true });
    expect(page).toContain('- `limit`: quantity, required. What a pod may have');
    expect(page).toContain(
      '- `path`: text, by default `"/health"`. What is asked afterwards'.replace('text', 'string'),
    );
    expect(page).toContain(
      '### set-limit\n\nGives the container another memory limit\n\nStarted by a person, in `shop` (after the approval of 1, asked for 30m;',
    );
    expect(page).toContain('1. `{ set-resources: { container: $container, memory: { limit: $limit } } }`');
    expect(page).not.toContain('## Alerts');
    expect(page).not.toContain('## Causes');
  });
});

describe('a procedure that is started', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'runbooks-'));
    await copyFile(source, join(dir, 'procedure.yaml'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  test('has its values wherever their names stand; what nobody gave is left out, what only a recovery knows stays', async () => {
    const { runbook, procedure } = await loadStartedRunbook(dir, 'procedure', { params: { limit: '2Gi' } }, catalogue);
    expect(procedure).toBe('set-limit');
    expect(runbook.spec.params).toEqual({ limit: '2Gi', path: '/health', attempts: 3 });
    expect(runbook.spec.procedures[0]?.actions).toEqual([
      { 'set-resources': { container: '$container', memory: { limit: '2Gi' } } },
      { 'wait-ready': {} },
    ]);
    expect(runbook.spec.verify.checks).toEqual(['ready', { http: { path: '/health' } }]);
  });

  test('is refused with everything that is wrong with its start, at once', async () => {
    const start = { procedure: 'set-limitt', params: { path: 3, attempts: 'three', wait: 'long', colour: 'red' } };
    const failure = loadStartedRunbook(dir, 'procedure', start, catalogue);
    await expect(failure).rejects.toMatchObject({ code: 'invalid', retryable: false });
    const message = await failure.then(
      () => '',
      (thrown: unknown) => String(thrown),
    );
    for (const part of [
      'it has no procedure "set-limitt"; did you mean "set-limit"?',
      'there is no parameter "colour"; known: limit, path, wait, attempts',
      'parameter "limit" is missing: What a pod may have',
      'parameter "path": 3 is not a text',
      'parameter "attempts": "three" is not a number',
      'parameter "wait": "long" is not a duration like 90s or 15m',
    ])
      expect(message).toContain(part);
  });

  test('must be named where there are several', async () => {
    const second =
      '    - name: undo-limit\n      text: Takes it back\n      actions: [{ rollout-restart: {} }]\n  verify:';
    await writeFile(join(dir, 'procedure.yaml'), text.replace('  verify:', second));
    const start = { params: { limit: '2Gi' } };
    await expect(loadStartedRunbook(dir, 'procedure', start, catalogue)).rejects.toThrow(
      'it has several procedures, and the start must name one: set-limit, undo-limit',
    );
    const named = await loadStartedRunbook(dir, 'procedure', { ...start, procedure: 'undo-limit' }, catalogue);
    expect(named.procedure).toBe('undo-limit');
  });

  test('of a runbook that alerts start too is meant only when it is named', async () => {
    const both = '  alerts: { trigger: [WebSlow] }\n  causes: [{ cause: unknown, person: Look }]\n  procedures:';
    await writeFile(join(dir, 'procedure.yaml'), text.replace('  procedures:', both));
    expect((await loadStartedRunbook(dir, 'procedure', {}, catalogue)).procedure).toBeUndefined();
    const start = { procedure: 'set-limit', params: { limit: '1Gi' } };
    expect((await loadStartedRunbook(dir, 'procedure', start, catalogue)).procedure).toBe('set-limit');
  });
});

describe('a value that was typed', () => {
  test('becomes one of its parameter’s type; what cannot stays as it is, to be refused', () => {
    const of = (type: 'boolean' | 'number' | 'string', typed: string) =>
      valueFromText({ type, required: false }, typed);
    expect([of('boolean', 'true'), of('boolean', 'yes'), of('number', '1.5'), of('number', 'x')]).toEqual([
      true,
      'yes',
      1.5,
      'x',
    ]);
    expect([of('string', '7'), valueFromText(3, '4'), valueFromText(undefined, 'z')]).toEqual(['7', 4, 'z']);
  });
});
