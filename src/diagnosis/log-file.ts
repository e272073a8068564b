import { z } from 'zod';
import { type Evidence, emptyEvidence } from './evidence.ts';

/** An event as `kubectl get events -o json` has it, or the three fields of it that matter. */
export const eventInput = z.object({
  type: z.string().default('Warning'),
  reason: z.string().default(''),
  message: z.string().default(''),
  count: z.int().optional(),
});
export type EventInput = z.infer<typeof eventInput>;

/** What is known of a container from a log file alone. */
export interface LogFile {
  text: string;
  exitCode?: number | undefined;
  reason?: string | undefined;
  events?: EventInput[];
}

/** The exit code with which the kubelet reports no end: the process still ran. */
const CONTAINER = 'container';

/** Builds evidence of one container from its log, its end and its events, so that the one classifier serves a file too. */
export function evidenceOfLogFile(file: LogFile): Evidence {
  const ended = file.exitCode !== undefined || file.reason !== undefined;
  const end = {
    kind: 'terminated' as const,
    ...(file.reason === undefined ? {} : { reason: file.reason }),
    ...(file.exitCode === undefined ? {} : { exitCode: file.exitCode }),
  };
  return {
    ...emptyEvidence({ namespace: '', kind: 'Pod', name: 'log' }, new Date(0).toISOString()),
    pods: [
      {
        name: 'log',
        uid: '',
        phase: 'Running',
        revision: '',
        current: true,
        createdAt: new Date(0).toISOString(),
        ready: false,
        deleting: false,
        conditions: [],
        node: CONTAINER,
        containers: [
          {
            name: CONTAINER,
            role: 'main',
            image: '',
            digest: '',
            ready: false,
            started: false,
            restarts: 1,
            state: { kind: 'waiting', reason: 'CrashLoopBackOff' },
            ...(ended ? { lastState: end } : {}),
            logs: { previous: { text: file.text, cut: false } },
          },
        ],
      },
    ],
    events: (file.events ?? []).map((event) => ({ type: event.type, reason: event.reason, message: event.message })),
  };
}
