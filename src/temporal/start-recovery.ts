import {
  defineSearchAttributeKey,
  TypedSearchAttributes,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/common';
import { KintsugiError } from '../errors.ts';
import { formatTarget, parseTarget, taskQueueOf, workflowIdOf } from '../recovery/ids.ts';
import type { OrderProof } from '../recovery/signed-order.ts';
import type { Mode, Params, Target } from '../recovery/values.ts';
import type { StoredRunbook } from '../runbook/load.ts';
import { temporalFailure } from './failures.ts';
import { bounded, type Session } from './recoveries.ts';
import { registerSearchAttributes } from './search-attributes.ts';

/** What a person may say at a start (contracts.md, "Temporal"). `deadline` is RFC 3339. */
export interface StartInput {
  target?: string;
  mode?: Mode;
  actor?: string;
  reason?: string;
  deadline?: string;
  procedure?: string;
  params?: Params;
  /** The front door's signature of it. */
  signed?: OrderProof;
}

/** The one target that a start is about: the given one, else the runbook's own. Throws `invalid` if it does not name one. */
export function targetOf({ name, runbook, file }: StoredRunbook, given: string | undefined): Target {
  const declared = runbook.spec.target;
  const [kind, ...others] = declared.kinds;
  const own =
    declared.name === undefined || kind === undefined || others.length > 0
      ? null
      : { namespace: declared.namespace, kind, name: declared.name };
  const target = given === undefined ? own : parseTarget(given);
  if (target !== null) return target;
  throw new KintsugiError('invalid', `the runbook ${name} does not name one workload, so the start must`, {
    where: `${file}: spec.target`,
    fix: `name it: kintsugi run ${name} ${declared.namespace}/${(kind ?? 'deployment').toLowerCase()}/NAME`,
  });
}

/**
 * Starts the recovery of a target, or joins the one that is open: a target has one at a time. The workflow's type is the
 * runbook's name; the short task timeout is durability 13's.
 */
export async function startRecovery(
  session: Session,
  { runbook, target, input }: { runbook: string; target: Target; input: StartInput },
): Promise<{ workflowId: string; joined: boolean }> {
  const { client, configuration } = session;
  const workflowId = workflowIdOf(configuration.cluster, target);
  await registerSearchAttributes(client);
  try {
    await bounded(client, () =>
      client.workflow.start(runbook, {
        workflowId,
        taskQueue: taskQueueOf(configuration.cluster),
        workflowTaskTimeout: '2s',
        args: [input],
        typedSearchAttributes: new TypedSearchAttributes([
          { key: defineSearchAttributeKey('KintsugiTarget', 'KEYWORD'), value: formatTarget(target) },
          { key: defineSearchAttributeKey('KintsugiRunbook', 'KEYWORD'), value: runbook },
        ]),
      }),
    );
    return { workflowId, joined: false };
  } catch (thrown) {
    if (thrown instanceof WorkflowExecutionAlreadyStartedError) return { workflowId, joined: true };
    throw temporalFailure(thrown, 'the recovery could not be started', workflowId);
  }
}
