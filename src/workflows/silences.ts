import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../recovery/activities.ts';
import { peopleQueueOf } from '../recovery/ids.ts';
import type { SilenceAnswer, SilenceRequest } from '../recovery/silence-answers.ts';

/** Whoever asks waits for it: what no worker has done by then is told as not done. */
const WITHIN = '15s';

/**
 * Silences as the gateway asks for them, which never calls Kubernetes itself: one step of the cluster's own worker. The type's name
 * is none that a runbook can have.
 */
export async function kintsugiSilences(request: SilenceRequest): Promise<SilenceAnswer> {
  const { changeSilences } = proxyActivities<Activities>({
    taskQueue: peopleQueueOf(workflowInfo().taskQueue),
    scheduleToCloseTimeout: WITHIN,
    startToCloseTimeout: '5s',
    retry: { initialInterval: '500ms', maximumAttempts: 5 },
    summary: `silences: ${request.what}`,
  });
  return changeSilences(request);
}
