import { DefaultLogger, type LogLevel, Runtime } from '@temporalio/worker';
import type { Configuration } from '../configuration/configuration.ts';
import type { Logger } from '../log.ts';

/** Temporal's levels in the one logger's words. */
const LEVELS: Record<LogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
};

/** Installs Temporal's runtime, once a process: its log lines go to the one logger, its metrics to Prometheus' port. */
export function installRuntime({ metricsAddress }: Pick<Configuration, 'metricsAddress'>, log: Logger): void {
  const logger = new DefaultLogger('INFO', ({ level, message, meta }) => log[LEVELS[level]]({ ...meta }, message));
  const { host, port } = metricsAddress;
  const bindAddress = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  Runtime.install({ logger, telemetryOptions: { metrics: { prometheus: { bindAddress } } } });
}
