import { createSecrets } from '../../src/actions/write/secrets.ts';
import { createBaselines } from '../../src/activities/baseline-store.ts';
import { createClassification } from '../../src/activities/classify.ts';
import { createDiagnosis } from '../../src/activities/diagnose.ts';
import type { Artifacts } from '../../src/artifacts/store.ts';
import { createRedactor } from '../../src/diagnosis/redaction.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { createLogger } from '../../src/log.ts';
import type { Classification, Diagnosis, RunbookContent } from '../../src/recovery/activities.ts';
import type { Target } from '../../src/recovery/values.ts';
import { inActivity } from '../activities/in-activity.ts';

const KEY = 'a key for tests';
const log = createLogger({ level: 'silent', component: 'test' });

/** What is looked at, and where its evidence and its namespace's baselines are kept. */
export interface Looked {
  target: Target;
  runbook: RunbookContent;
  artifacts: Artifacts;
}

/** One round of the worker's own diagnosis and classification. */
export async function diagnoseOnce(
  kubernetes: Kubernetes,
  { target, runbook, artifacts }: Looked,
): Promise<{ diagnosis: Diagnosis; classification: Classification }> {
  const secrets = createSecrets(KEY, createRedactor({ key: KEY }).redact);
  const baselines = createBaselines({ kubernetes, namespace: target.namespace, secrets });
  const { diagnose } = createDiagnosis({ kubernetes, baselines, artifacts, log, redactionKey: KEY, mirrors: {} });
  const { classify } = createClassification({ artifacts, log });
  const step = { recoveryId: 'r@1', target, runbook, brokenSince: new Date().toISOString() };
  return inActivity(async () => {
    const diagnosis = await diagnose({ ...step, round: 1 });
    return { diagnosis, classification: await classify({ ...step, evidence: diagnosis.evidence }) };
  });
}
