import type { V1Container } from '@kubernetes/client-node';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { Finding } from '../../recovery/values.ts';
import { mountOf } from '../plan/security-context.ts';
import { ask, FINE, refuse, type Verdict } from './verdict.ts';

/**
 * Whether another user or group can help with the path that was denied: on a volume it may; in the image its ownership
 * belongs in the Dockerfile; on what is mounted read-only nobody writes.
 */
export function deniedPath({ subject, quotes }: Pick<Finding, 'subject' | 'quotes'>, container: V1Container): Verdict {
  if (subject === undefined || !subject.startsWith('/'))
    return ask(`the log does not name the path that ${container.name} was denied`);
  const mount = mountOf(container, subject);
  const readOnly = quotes.some(({ text }) => /read-only file system|EROFS|Errno 30/i.test(text));
  if (readOnly || mount?.readOnly === true)
    return refuse('read-only', `${subject} is mounted read-only: no user may write there`);
  if (mount !== undefined) return FINE;
  return refuse(
    'in-image',
    `${subject} is a path of the image and on no volume: its ownership belongs in the Dockerfile ` +
      '(RUN chown or COPY --chown), or the program must write elsewhere',
  );
}

/** fsGroup gives every file of the pod's volumes another group, which is not taken back with it. */
export function groupOfVolumes(now: Workload['template'], then: Workload['template']): Verdict {
  const fsGroup = then.spec?.securityContext?.fsGroup;
  const volumes = (then.spec?.volumes ?? []).map(({ name }) => name);
  if (fsGroup === undefined || fsGroup === now.spec?.securityContext?.fsGroup) return FINE;
  if (volumes.length === 0) return refuse('no-volume', `fsGroup ${fsGroup} changes volumes only, and the pod has none`);
  return ask(`fsGroup ${fsGroup} gives all files of the volumes ${volumes.join(', ')} another group, for good`);
}
