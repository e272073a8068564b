import type { Client } from '@temporalio/client';
import { createSecrets } from '../actions/write/secrets.ts';
import { configuredArtifacts } from '../artifacts/store.ts';
import { checkHeaders, createBuilds } from '../builds/builds.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { createRedactor } from '../diagnosis/redaction.ts';
import { createExecutions } from '../executions/notes.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import type { Logger } from '../log.ts';
import { createNotifiers } from '../notify/create.ts';
import type { Activities } from '../recovery/activities.ts';
import { isRunOpen, wasCutShort } from '../temporal/open-runs.ts';
import type { Baselines } from './baseline.ts';
import { createBaselines } from './baseline-store.ts';
import { createClassification } from './classify.ts';
import { createCompensation } from './compensate.ts';
import { createDiagnosis } from './diagnose.ts';
import { createEscalation } from './escalate.ts';
import { alive } from './heartbeat.ts';
import { createForwarding } from './owner.ts';
import { createPostRecovery } from './post-recovery.ts';
import { createRemediation } from './remediate.ts';
import { createRunbookLoading } from './runbook.ts';
import { createSilenceRequests } from './silence-requests.ts';
import { createSilences } from './silences.ts';
import { createVerification } from './verify.ts';

/** What all activities together work with. */
export interface ActivityDependencies {
  configuration: Configuration;
  redactionKey: string;
  kubernetes: Kubernetes;
  temporal: Client;
  log: Logger;
}

/**
 * Every activity of the recovery workflow, and the baselines that they share. Nothing of the cluster is read or written yet.
 * @throws KintsugiError `invalid` with every secret file of a build hook, or every notifier, that cannot be used
 */
export function createActivities(dependencies: ActivityDependencies): { activities: Activities; baselines: Baselines } {
  const { configuration, redactionKey, kubernetes, temporal, log } = dependencies;
  const { namespace, mirrors, alertmanagerUrls } = configuration;
  const { redact } = createRedactor({ key: redactionKey });
  const secrets = createSecrets(redactionKey, redact);
  const baselines = createBaselines({ kubernetes, namespace, secrets });
  checkHeaders(configuration.builds);
  const builds = createBuilds({ settings: configuration.builds, kubernetes, namespace });
  const artifacts = configuredArtifacts(configuration);
  const executions = createExecutions({ kubernetes, namespace });
  const notifiers = createNotifiers({ ...configuration, log });
  const isOpen = (recoveryId: string) => isRunOpen(temporal, recoveryId);
  const cutShort = (recoveryId: string) => wasCutShort(temporal, recoveryId);
  const activities: Activities = {
    ...createRunbookLoading(configuration),
    ...createForwarding({ kubernetes, temporal, settings: configuration }),
    ...createDiagnosis({ kubernetes, baselines, artifacts, log, redactionKey, mirrors, wasCutShort: cutShort }),
    ...createClassification({ artifacts, log }),
    ...createRemediation({
      kubernetes,
      baselines,
      artifacts,
      executions,
      log,
      namespace,
      alertmanagerUrls,
      mirrors,
      builds,
      runbooks: configuration.runbooks,
      isRunOpen: isOpen,
    }),
    ...createSilences({ kubernetes, namespace, alertmanagerUrls, log }),
    ...createSilenceRequests({ kubernetes, namespace, orderPublicKeys: configuration.orderPublicKeys }),
    ...createVerification({ kubernetes, baselines, log }),
    ...createPostRecovery({ kubernetes, prometheusUrl: configuration.prometheusUrl, redact }),
    ...createCompensation({ kubernetes, baselines, artifacts, executions, mirrors, builds, isRunOpen: isOpen }),
    ...createEscalation({ notifiers, log }),
  };
  return { activities: alive(activities), baselines };
}
