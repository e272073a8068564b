import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** The environment variables that Kintsugi reads: the source of their checks, their defaults and their reference page. */

const label = z
  .string()
  .regex(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/, 'a name of lower-case letters, digits and dashes');

const webAddress = z.url({ protocol: /^https?$/, error: 'an address that begins with http:// or https://' });

/** `host:port`, an IPv6 address in brackets. */
const listenAddress = z
  .string()
  .regex(/^(?:\[[0-9a-fA-F:]+\]|[^\s:]+):[0-9]{1,5}$/, 'host:port, e.g. 127.0.0.1:8790')
  .transform((text) => {
    const colon = text.lastIndexOf(':');
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
  })
  .refine(({ port }) => port <= 65535, 'a port from 0 to 65535');

export type ListenAddress = z.infer<typeof listenAddress>;

const secret = (shortest: number) => z.string().min(shortest, `at least ${shortest} characters`);

export const environmentSchema = z.object({
  KINTSUGI_CONFIG: z.string().optional().describe('Path of the configuration file (YAML); see below'),
  KINTSUGI_CLUSTER: label
    .default('default')
    .describe('Name of the Kubernetes cluster: in workflow ids and the task queue'),
  KINTSUGI_NAMESPACE: label
    .default('kintsugi')
    .describe("Kintsugi's own namespace: leases, baselines and the pause switch live there"),
  KINTSUGI_RUNBOOKS: z.string().default('./runbooks').describe('Folder of the runbooks'),
  KINTSUGI_MODE: z
    .enum(
      ['observe', 'approve'],
      'observe or approve; automatic is only what the configuration file names under `auto`',
    )
    .default('observe')
    .describe('What the worker may do where the configuration file does not name the namespace under `auto`'),
  KINTSUGI_HOME: z
    .string()
    .default(join(homedir(), '.kintsugi'))
    .describe("Folder for Kintsugi's own files: artifacts, keys made by `kintsugi up`"),
  KINTSUGI_REDACTION_KEY: secret(32)
    .optional()
    .describe('Key of the hashes that stand for secrets; the same for all workers. Required by the worker'),
  KINTSUGI_ARTIFACT_KEY: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, '64 hexadecimal digits, as `openssl rand -hex 32` prints them')
    .optional()
    .describe(
      'Key by which artifacts (evidence, exported state) are encrypted at rest; the same for all workers. Without it they are kept in clear, for their owner alone',
    ),
  KINTSUGI_GATEWAY_TOKEN: secret(16)
    .optional()
    .describe('Bearer token that alerts must carry. Required by the gateway'),
  KINTSUGI_ORDER_KEY: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, '64 hexadecimal digits, as `kintsugi token order-key` prints them')
    .optional()
    .describe(
      'Key (Ed25519) by which the gateway signs orders and starts: it vouches for who gave them. Kept by the gateway alone',
    ),
  KINTSUGI_ORDER_PUBLIC_KEY: z
    .string()
    .transform((text) => text.split(',').map((key) => key.trim().toLowerCase()))
    .refine(
      (keys) => keys.every((key) => /^[0-9a-f]{64}$/.test(key)),
      '64 hexadecimal digits, as `kintsugi token order-key` prints them; several with commas between them',
    )
    .optional()
    .describe(
      'Public half of the order key, for the worker: by it recoveries verify who gave an order or started them. Two with a comma between them while the key is replaced. Without it every order and start is unverified',
    ),
  KINTSUGI_GATEWAY_ADDRESS: listenAddress.prefault('127.0.0.1:8790').describe('Where the gateway listens'),
  KINTSUGI_METRICS_ADDRESS: listenAddress.prefault('127.0.0.1:9464').describe("Where the worker's metrics are served"),
  KINTSUGI_URL: webAddress
    .optional()
    .describe('Address of a gateway through which the command line reads and orders, in place of Temporal'),
  KINTSUGI_TOKEN: secret(16)
    .optional()
    .describe('Your token for that gateway, made by `kintsugi token new`: it says who you are'),
  KINTSUGI_PUBLIC_URL: webAddress.optional().describe('Address of the gateway as people reach it, for links'),
  KINTSUGI_TEMPORAL_UI_URL: webAddress.optional().describe("Address of Temporal's UI, for links"),
  KINTSUGI_WEBHOOK_URL: webAddress.optional().describe('Where pages are posted to'),
  KINTSUGI_WEBHOOK_SECRET: secret(16).optional().describe('Signs the pages that are posted'),
  KINTSUGI_PROMETHEUS_URL: webAddress
    .optional()
    .describe("Prometheus, which the queries of a runbook's `postRecovery` are asked of"),
  KINTSUGI_ALERTMANAGER_URL: z
    .string()
    .transform((text) => text.split(',').map((url) => url.trim()))
    .pipe(z.array(webAddress))
    .optional()
    .describe('Alertmanager, whose silences hold here too; several of one cluster are separated by commas'),
  KINTSUGI_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('Least level that is logged'),
  KUBECONFIG: z
    .string()
    .optional()
    .describe('Kubeconfig of the cluster; without it the service account of the pod, else ~/.kube/config'),
  DATABASE_URL: z.string().optional().describe('PostgreSQL for the audit; not used yet'),
});

export type Environment = z.infer<typeof environmentSchema>;
export type VariableName = keyof Environment;

/** Variables that may hold a secret: each may be given as `<NAME>_FILE`, a path whose content is the value. */
export const secretVariables = [
  'KINTSUGI_REDACTION_KEY',
  'KINTSUGI_ARTIFACT_KEY',
  'KINTSUGI_GATEWAY_TOKEN',
  'KINTSUGI_ORDER_KEY',
  'KINTSUGI_TOKEN',
  'KINTSUGI_WEBHOOK_URL',
  'KINTSUGI_WEBHOOK_SECRET',
  'DATABASE_URL',
] as const satisfies VariableName[];

/** Variables of Temporal's SDKs, read by @temporalio/envconfig; a TOML profile may give the same. */
export const temporalVariables: readonly { name: string; about: string }[] = [
  { name: 'TEMPORAL_ADDRESS', about: 'host:port of the Temporal service; localhost:7233 by default' },
  { name: 'TEMPORAL_NAMESPACE', about: "Temporal's namespace; default by default" },
  { name: 'TEMPORAL_API_KEY', about: 'API key' },
  { name: 'TEMPORAL_TLS', about: 'true or false' },
  { name: 'TEMPORAL_TLS_CLIENT_CERT_PATH', about: 'Client certificate' },
  { name: 'TEMPORAL_TLS_CLIENT_KEY_PATH', about: 'Key of the client certificate' },
  { name: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH', about: "The server's certificate authority" },
  { name: 'TEMPORAL_TLS_SERVER_NAME', about: "The server's name in its certificate" },
  { name: 'TEMPORAL_CONFIG_FILE', about: 'TOML file with profiles' },
  { name: 'TEMPORAL_PROFILE', about: 'Profile of that file; default by default' },
];
