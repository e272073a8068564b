import { randomUUID } from 'node:crypto';
import type { Configuration } from '../../configuration/configuration.ts';
import { createLogger } from '../../log.ts';
import { makeNotifiers } from '../../notify/create.ts';
import type { Notifier } from '../../notify/notifier.ts';
import { SILENT_RUNG_FIX, silentRungs } from '../../notify/silent-rungs.ts';
import { testNotifier } from '../../notify/test-page.ts';
import type { StoredRunbook } from '../../runbook/load.ts';
import { bad, CHECK_TIMEOUT_MS, type DoctorCheck, examine, good } from './check.ts';

/** A notifier tries three times at 4 s and pauses in between. */
const SEND_TIMEOUT_MS = 2 * CHECK_TIMEOUT_MS;

/**
 * Whether a page would reach people, at each rung anew, and whether each notifier of the configuration file can be made; with `send`, a test page
 * goes to each and is resolved at once.
 */
export async function notifierChecks(
  configuration: Configuration,
  runbooks: readonly StoredRunbook[],
  send: boolean,
): Promise<DoctorCheck[]> {
  const { defaultNotifiers, notifiers: named } = configuration;
  const log = createLogger({ level: 'silent', component: 'doctor' });
  const { notifiers: configured, faults } = makeNotifiers({ ...configuration, log });
  const rungs = runbooks.flatMap(({ name, runbook }) =>
    runbook.spec.escalation.rungs.map(({ after, notify }) => ({ whose: `${name} after ${after}`, notify })),
  );
  const all = [{ whose: 'a recovery without a runbook', notify: defaultNotifiers }, ...rungs];
  const unheard = all.filter(({ notify }) => !notify.some((name) => configured[name]?.reachesPeople === true));
  const people = Object.values(configured).filter(({ name, reachesPeople }) => reachesPeople && name !== 'default');
  const check =
    unheard.length === 0
      ? good('notifiers', `configured: ${people.map(({ name }) => name).join(', ')}`)
      : bad(
          'notifiers',
          `these pages would only stand in the log: ${unheard.map(({ whose }) => whose).join('; ')}`,
          FIX,
        );
  const wrong = faults.map(({ notifier, error }) =>
    bad(`notifier ${notifier}`, `${error.where}: ${error.message}`, error.fix),
  );
  const silent = silentRungs(runbooks, configuration);
  const ladders = silent.length === 0 ? [] : [bad('ladders', silent.join('; '), SILENT_RUNG_FIX)];
  if (send) return [check, ...ladders, ...wrong, ...(await Promise.all(people.map(sendTest)))];
  const made = named.filter(({ name }) => configured[name] !== undefined);
  return [
    check,
    ...ladders,
    ...wrong,
    ...made.map(({ name, type }) => good(`notifier ${name}`, `${type}; not tried: --notify does`)),
  ];
}

const FIX =
  'name a notifier of the configuration file (notifiers.named) in the runbook and in notifiers.default, or set KINTSUGI_WEBHOOK_URL and name `webhook`';

function sendTest(notifier: Notifier): Promise<DoctorCheck> {
  const name = `notifier ${notifier.name}`;
  const key = `kintsugi-doctor/${randomUUID()}`;
  const test = { by: '`kintsugi doctor --notify`', severity: 'info' as const, key, timeoutMs: SEND_TIMEOUT_MS };
  return examine(
    name,
    async () => {
      const messages = await testNotifier(notifier, test);
      const failed = messages.find(({ taken }) => !taken);
      if (failed !== undefined) return bad(name, `${failed.event}: ${failed.saw}`, failed.error?.fix ?? FIX);
      return good(name, `took a test page and its resolution (${messages[0]?.saw ?? ''})`);
    },
    4 * SEND_TIMEOUT_MS,
  );
}
