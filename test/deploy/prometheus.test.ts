import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { stringify } from 'yaml';
import { ensureDebianPackages } from '../../dev/debian/packages.ts';
import { DEVELOPMENT_DURATIONS, renderAlertmanager, renderRules } from '../../dev/monitoring/configuration.ts';
import { needs, provided } from '../needs.ts';

needs('promtool');

// A package may have to be installed.
jest.setTimeout(180_000);

const DEPLOY = join(import.meta.dirname, '..', '..', 'deploy');
const promtool = provided('promtool');
/** Comes with Alertmanager's package as promtool does with Prometheus'. */
const amtool = join(dirname(promtool), 'amtool');
beforeAll(() => ensureDebianPackages(['prometheus-alertmanager'], () => {}));
const folder = mkdtempSync(join(tmpdir(), 'kintsugi-deploy-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function written(name: string, content: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, stringify(content));
  return file;
}

describe('each rule file', () => {
  test.each(['kintsugi-rules_test.yaml', 'kosmos-rules_test.yaml'])('passes its unit tests: %s', (file) => {
    expect(run(promtool, 'test', 'rules', join(DEPLOY, 'prometheus', file))).toContain('SUCCESS');
  });

  test('is one that Prometheus loads with the durations of development too', () => {
    const rules = renderRules({ bruno: ['bruno-x1', 'bruno-y.*'], kosmos: ['kosmos-x1'] }, DEVELOPMENT_DURATIONS);
    expect(run(promtool, 'check', 'rules', written('rules.yaml', rules))).toContain('15 rules found');
  });
});

describe('the Alertmanager route', () => {
  const production = join(DEPLOY, 'alertmanager', 'alertmanager.yaml');

  test.each([
    ['starts a recovery by the trigger alert and tells nobody else', 'AgentBrunoPodCrashLooping', 'kintsugi'],
    ['starts one by an image that cannot be pulled too', 'AgentBrunoImagePullFailing', 'kintsugi'],
    ['gives a related alert to Kintsugi and to the team', 'AgentBrunoOOMKilled', 'kintsugi,team'],
    ['starts one by each alert about an agent of KOSMOS', 'KosmosAgentUnresponsive', 'kintsugi'],
    ["never sends Kintsugi's own silence through Kintsugi", 'KintsugiSilent', 'kintsugi-silent'],
  ])('%s', (_, alertname, receivers) => {
    const component = /^Kosmos/.test(alertname) ? 'kosmos-agent' : 'agent-bruno';
    const own = alertname === 'KintsugiSilent' ? 'kintsugi' : component;
    const labels = [`alertname=${alertname}`, `component=${own}`, 'severity=critical'];
    expect(run(amtool, 'config', 'routes', 'test', `--config.file=${production}`, ...labels).trim()).toBe(receivers);
  });

  test("leaves everybody else's alerts with the team", () => {
    const labels = ['alertname=NodeDown', 'component=node'];
    expect(run(amtool, 'config', 'routes', 'test', `--config.file=${production}`, ...labels).trim()).toBe('team');
  });

  test('is one that Alertmanager loads with the addresses of development too', () => {
    const kintsugi = { url: 'http://127.0.0.1:8790/api/v1/alerts', tokenFile: '/dev/null' };
    const file = written('alertmanager.yaml', renderAlertmanager({ kintsugi }, DEVELOPMENT_DURATIONS));
    expect(run(amtool, 'check-config', file)).toContain('3 receivers');
  });
});
