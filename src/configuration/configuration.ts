import { readFileSync } from 'node:fs';
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { KintsugiError, messageOf } from '../errors.ts';
import { closest } from '../faults/closest.ts';
import { formatPath } from '../faults/fault.ts';
import { complaintsOf } from '../faults/issues.ts';
import type { NamedNotifier } from '../notify/notifier.ts';
import type { Mode } from '../recovery/values.ts';
import {
  type Environment,
  environmentSchema,
  type ListenAddress,
  secretVariables,
  type VariableName,
} from './environment.ts';
import type { ConfigurationFile } from './file.ts';
import { type FileContent, readConfigurationFile } from './read-file.ts';
import type { SettingFault } from './setting-fault.ts';

export type { SettingFault } from './setting-fault.ts';

/** Everything that a process of Kintsugi is told from outside, checked. */
export interface Configuration {
  cluster: string;
  /** Kintsugi's own namespace on the cluster. */
  namespace: string;
  /** Folder of the runbooks. */
  runbooks: string;
  /** Where `auto` names nothing. */
  mode: 'observe' | 'approve';
  auto: ConfigurationFile['auto'];
  /** A registry's host to the address that the nodes pull from. */
  mirrors: Record<string, string>;
  /** Notifiers in their order of fallback, for a recovery that has no runbook. */
  defaultNotifiers: string[];
  /** Those of the configuration file; the webhook of the environment and the log need no entry. */
  notifiers: NamedNotifier[];
  /** How images are rebuilt. */
  builds: ConfigurationFile['builds'];
  /** Who may read and order by the API. */
  tokens: ConfigurationFile['tokens'];
  /** Who is who in Slack. */
  people: ConfigurationFile['people'];
  limits: ConfigurationFile['limits'];
  home: string;
  gatewayAddress: ListenAddress;
  metricsAddress: ListenAddress;
  redactionKey?: string;
  artifactKey?: string;
  gatewayToken?: string;
  /** By which the gateway signs orders, and by whose public halves the worker's recoveries verify them. */
  orderKey?: string;
  orderPublicKeys: string[];
  /** The gateway through which the command line reads and orders, and the token that says who does. */
  url?: string;
  token?: string;
  publicUrl?: string;
  temporalUiUrl?: string;
  webhookUrl?: string;
  webhookSecret?: string;
  prometheusUrl?: string;
  /** Empty where no Alertmanager is asked. */
  alertmanagerUrls: string[];
  databaseUrl?: string;
  kubeconfig?: string;
  logLevel: Environment['KINTSUGI_LOG_LEVEL'];
  temporal: { address: string; namespace: string; connection: ClientConnectConfig['connectionOptions'] };
}

type Variables = Record<string, string | undefined>;

/**
 * Reads the whole configuration from environment variables and the file that KINTSUGI_CONFIG names. `required` are the
 * variables without which the caller cannot work. Throws `invalid` with every fault at once.
 */
export function loadConfiguration(variables: Variables, required: readonly VariableName[] = []): Configuration {
  const { configuration, faults } = readConfiguration(variables, required);
  if (configuration !== null) return configuration;
  throw new KintsugiError('invalid', faults.map(({ name, message, fix }) => `${name}: ${message}; ${fix}`).join('\n'), {
    where: faults.map(({ name }) => name).join(', '),
    fix: 'correct what is listed; docs/reference/configuration.md describes every setting',
  });
}

/** The same without throwing: for `kintsugi doctor`, which shows the faults as they are. */
export function readConfiguration(
  variables: Variables,
  required: readonly VariableName[] = [],
): { configuration: Configuration; faults: [] } | { configuration: null; faults: SettingFault[] } {
  const faults: SettingFault[] = [...misspelt(variables)];
  const given = withSecretFiles(variables, faults);
  const environment = environmentSchema.safeParse(given);
  faults.push(...wrongVariables(given), ...missing(given, required, faults));
  const file = readConfigurationFile(given.KINTSUGI_CONFIG, faults);
  const temporal = readTemporal(variables, faults);
  if (!environment.success || file === null || temporal === null || faults.length > 0)
    return { configuration: null, faults };
  return { configuration: assemble(environment.data, file, temporal), faults: [] };
}

/**
 * How much may be done by itself for a runbook in a namespace: `auto` only where the configuration names it (safety 1),
 * otherwise the worker's own mode.
 */
export function modeFor(configuration: Pick<Configuration, 'auto' | 'mode'>, namespace: string, runbook: string): Mode {
  const named = configuration.auto.some(
    (entry) => entry.namespace === namespace && (entry.runbooks === undefined || entry.runbooks.includes(runbook)),
  );
  return named ? 'auto' : configuration.mode;
}

/** A variable that differs from a known one by a letter or two would be passed over in silence otherwise. */
function misspelt(variables: Variables): SettingFault[] {
  const known = [...Object.keys(environmentSchema.shape), ...secretVariables.map((name) => `${name}_FILE`)];
  return Object.keys(variables).flatMap((name) => {
    if (!name.startsWith('KINTSUGI_') || known.includes(name)) return [];
    const meant = closest(name, known, 2);
    return meant === null ? [] : [{ name, message: 'there is no such variable', fix: `did you mean ${meant}?` }];
  });
}

/** The variables without empty ones, and with `<NAME>_FILE` read. */
function withSecretFiles(variables: Variables, faults: SettingFault[]): Variables {
  const given = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''),
  );
  for (const name of secretVariables) {
    const path = given[`${name}_FILE`];
    if (path === undefined) continue;
    if (given[name] !== undefined) {
      faults.push({ name: `${name}_FILE`, message: `${name} is given too`, fix: 'give one of the two' });
      continue;
    }
    try {
      given[name] = readFileSync(path, 'utf8').trim();
    } catch (thrown) {
      faults.push({
        name: `${name}_FILE`,
        message: `the file cannot be read: ${messageOf(thrown)}`,
        fix: 'name a readable file',
      });
    }
  }
  return given;
}

/** What the schema refuses; a secret's value is never shown. */
function wrongVariables(given: Variables): SettingFault[] {
  const secrets: readonly string[] = secretVariables;
  return complaintsOf(environmentSchema, given).map(({ path, message, fix }) => {
    const name = formatPath(path);
    return { name, message: secrets.includes(name) ? 'the value is not accepted' : message, fix };
  });
}

function missing(given: Variables, required: readonly VariableName[], known: SettingFault[]): SettingFault[] {
  return required.flatMap((name) => {
    if (given[name] !== undefined || known.some((fault) => fault.name === `${name}_FILE`)) return [];
    const secret = secretVariables.some((candidate) => candidate === name);
    const fix = secret
      ? `set ${name}, or ${name}_FILE to a file with it; \`openssl rand -hex 32\` makes one`
      : `set ${name}`;
    return [{ name, message: 'it is required here and not set', fix }];
  });
}

function readTemporal(variables: Variables, faults: SettingFault[]): Configuration['temporal'] | null {
  const given = Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined);
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(given) });
    const address = connectionOptions.address ?? 'localhost:7233';
    return { address, namespace: namespace ?? 'default', connection: { ...connectionOptions, address } };
  } catch (thrown) {
    faults.push({
      name: 'TEMPORAL_*',
      message: messageOf(thrown),
      fix: "correct the TEMPORAL_ variables or the profile; Temporal's documentation of environment configuration lists them",
    });
    return null;
  }
}

function assemble(
  environment: Environment,
  { file, notifiers }: FileContent,
  temporal: Configuration['temporal'],
): Configuration {
  return {
    cluster: environment.KINTSUGI_CLUSTER,
    namespace: environment.KINTSUGI_NAMESPACE,
    runbooks: environment.KINTSUGI_RUNBOOKS,
    mode: environment.KINTSUGI_MODE,
    auto: file.auto,
    mirrors: file.registries.mirrors,
    defaultNotifiers: file.notifiers.default,
    notifiers,
    builds: file.builds,
    tokens: file.tokens,
    people: file.people,
    limits: file.limits,
    alertmanagerUrls: environment.KINTSUGI_ALERTMANAGER_URL ?? [],
    home: environment.KINTSUGI_HOME,
    gatewayAddress: environment.KINTSUGI_GATEWAY_ADDRESS,
    metricsAddress: environment.KINTSUGI_METRICS_ADDRESS,
    logLevel: environment.KINTSUGI_LOG_LEVEL,
    temporal,
    orderPublicKeys: environment.KINTSUGI_ORDER_PUBLIC_KEY ?? [],
    ...given('orderKey', environment.KINTSUGI_ORDER_KEY),
    ...given('url', environment.KINTSUGI_URL),
    ...given('token', environment.KINTSUGI_TOKEN),
    ...given('redactionKey', environment.KINTSUGI_REDACTION_KEY),
    ...given('artifactKey', environment.KINTSUGI_ARTIFACT_KEY),
    ...given('gatewayToken', environment.KINTSUGI_GATEWAY_TOKEN),
    ...given('publicUrl', environment.KINTSUGI_PUBLIC_URL),
    ...given('temporalUiUrl', environment.KINTSUGI_TEMPORAL_UI_URL),
    ...given('webhookUrl', environment.KINTSUGI_WEBHOOK_URL),
    ...given('webhookSecret', environment.KINTSUGI_WEBHOOK_SECRET),
    ...given('prometheusUrl', environment.KINTSUGI_PROMETHEUS_URL),
    ...given('databaseUrl', environment.DATABASE_URL),
    ...given('kubeconfig', environment.KUBECONFIG),
  };
}

/** `{key: value}`, or nothing: an optional member is left out and never `undefined`. */
function given<K extends string>(key: K, value: string | undefined): { [key in K]?: string } {
  const member: { [key in K]?: string } = {};
  if (value !== undefined) member[key] = value;
  return member;
}
