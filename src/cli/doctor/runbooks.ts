import type { Configuration } from '../../configuration/configuration.ts';
import { formatFault } from '../../faults/fault.ts';
import { catalogueOf } from '../../runbook/catalogue.ts';
import { loadRunbooks, type StoredRunbook } from '../../runbook/load.ts';
import { bad, type DoctorCheck, examine, good } from './check.ts';

/** Whether the runbooks can run; those that can, for the checks that go by them. */
export async function runbookChecks(
  configuration: Pick<Configuration, 'runbooks' | 'notifiers'>,
): Promise<{ checks: DoctorCheck[]; runbooks: StoredRunbook[] }> {
  const { runbooks: folder } = configuration;
  let runbooks: StoredRunbook[] = [];
  const check = await examine('runbooks', async () => {
    const loaded = await loadRunbooks(folder, catalogueOf(configuration));
    runbooks = loaded.runbooks;
    const names = runbooks.map(({ name }) => name).join(', ');
    if (loaded.faults.length > 0) {
      return bad('runbooks', loaded.faults.map(formatFault).join('\n'), `kintsugi runbook validate ${folder}`);
    }
    if (runbooks.length === 0)
      return bad('runbooks', `there are none in ${folder}`, 'set KINTSUGI_RUNBOOKS to a folder of runbooks');
    return good('runbooks', `valid: ${names}`);
  });
  return { checks: [check], runbooks };
}
