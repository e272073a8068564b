import { type Logger, pino } from 'pino';

export type { Logger };

/**
 * The one logger: JSON lines on stderr (stdout belongs to a command's result). Secrets never reach it: callers log names,
 * keys and digests, and the usual field names are cut as a second wall.
 */
export function createLogger(options: { level: string; component: string }): Logger {
  return pino(
    {
      level: options.level,
      base: { component: options.component },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: ['*.token', '*.password', '*.authorization', 'token', 'password', 'authorization'],
        censor: '[cut]',
      },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
