import type { Activities, RunbookContent } from '../../src/recovery/activities.ts';
import { smallRunbook } from '../recovery/samples.ts';
import { besideWorker, type RecoveryHandle } from './environment.ts';
import { type Script, script } from './scripted-activities.ts';
import type { serverOfFile } from './servers.ts';

/** On a file's server: starts a recovery by an alert, and sees what becomes of it beside its worker. */
export function recoveringOn(server: ReturnType<typeof serverOfFile>) {
  return async (
    changes: Partial<Activities>,
    see: (handle: RecoveryHandle, played: Script) => Promise<void>,
    runbook: RunbookContent = smallRunbook(),
  ): Promise<void> => {
    const played = script(changes, runbook);
    await besideWorker(server.environment, played.activities, ({ handle }) => see(handle, played));
  };
}
