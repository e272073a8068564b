import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { loadConfiguration, readConfiguration } from '../../src/configuration/configuration.ts';
import { createLogger } from '../../src/log.ts';
import { createNotifiers } from '../../src/notify/create.ts';
import { catalogueOf } from '../../src/runbook/catalogue.ts';

const log = createLogger({ level: 'silent', component: 'test' });
const dir = mkdtempSync(join(tmpdir(), 'notifiers-'));
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, ...lines: string[]): string {
  const path = join(dir, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

describe('the notifiers of the configuration file', () => {
  const secret = file('secret', 'a-key-that-signs-pages');

  test('are made by their names, beside the log and the webhook of the environment', () => {
    const configuration = loadConfiguration({
      KINTSUGI_WEBHOOK_URL: 'http://127.0.0.1:1',
      KINTSUGI_CONFIG: file(
        'kintsugi.yaml',
        'notifiers:',
        '  default: [oncall, webhook, log]',
        '  named:',
        `    - {name: oncall, type: webhook, url: "http://127.0.0.1:1", secretFile: ${secret}}`,
      ),
    });
    const notifiers = createNotifiers({ ...configuration, log });
    expect(Object.keys(notifiers).sort()).toEqual(['default', 'log', 'oncall', 'webhook']);
    expect(notifiers.oncall).toMatchObject({ name: 'oncall', reachesPeople: true });
    expect(configuration.defaultNotifiers).toEqual(['oncall', 'webhook', 'log']);
    expect(catalogueOf(configuration).notifiers).toEqual(['oncall', 'default', 'webhook', 'log']);
  });

  test('have all their faults listed at once, each where it stands, an unknown type with those that there are', () => {
    const path = file(
      'faulty.yaml',
      'notifiers:',
      '  default: [webhok]',
      '  named:',
      '    - {name: oncall, type: webhok, url: "http://127.0.0.1:1"}',
      '    - {name: log, type: webhook, urll: "http://127.0.0.1:1", url: "http://127.0.0.1:1"}',
      '    - {name: oncall, type: webhook}',
      '    - {name: chat, type: webhook, url: nowhere, secretFile: ""}',
      '    - {type: webhook, url: "http://127.0.0.1:1"}',
    );
    const { faults } = readConfiguration({ KINTSUGI_CONFIG: path });
    expect(faults.map(({ name, message, fix }) => [name.replace(`${path}:`, ''), message, fix])).toEqual(
      expect.arrayContaining([
        ['8:7 notifiers.named[4].name', '"name" is missing', expect.anything()],
        [
          '4:28 notifiers.named[0].type',
          'no notifier is of type "webhok"',
          expect.stringMatching(/did you mean "webhook"\? known: .*webhook/),
        ],
        ['5:14 notifiers.named[1].name', 'a notifier is named "log" already', expect.anything()],
        ['5:34 notifiers.named[1].urll', 'unknown key "urll"', expect.stringContaining('did you mean "url"?')],
        ['6:14 notifiers.named[2].name', 'a notifier is named "oncall" already', 'give it another name'],
        ['6:7 notifiers.named[2].url', expect.anything(), 'write either url or urlFile'],
        ['7:40 notifiers.named[3].url', expect.anything(), expect.stringContaining('https://')],
        ['7:61 notifiers.named[3].secretFile', expect.anything(), expect.anything()],
        [
          '2:13 notifiers.default[0]',
          'no notifier is named "webhok"',
          expect.stringContaining('did you mean "webhook"?'),
        ],
      ]),
    );
    expect(faults).toHaveLength(9);
  });

  test('whose secrets cannot be read are all named at once when they are made, with the line of the setting', () => {
    const path = file(
      'without-secrets.yaml',
      'notifiers:',
      '  named:',
      '    - {name: oncall, type: webhook, urlFile: /nowhere/url, secretFile: /nowhere/secret}',
      '    - name: chat',
      '      type: webhook',
      `      urlFile: ${file('empty', '')}`,
    );
    const configuration = loadConfiguration({ KINTSUGI_CONFIG: path });
    const make = () => createNotifiers({ ...configuration, log });
    expect(make).toThrow(expect.objectContaining({ code: 'invalid' }));
    const places = [
      '3:46 notifiers.named[0].urlFile',
      '3:72 notifiers.named[0].secretFile',
      '6:16 notifiers.named[1].urlFile',
    ];
    for (const place of places) expect(make).toThrow(`${path}:${place}: the file `);
  });
});
