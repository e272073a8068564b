import type { Artifacts } from '../artifacts/store.ts';
import { fillChecklist } from '../diagnosis/checklist.ts';
import { classify } from '../diagnosis/classify.ts';
import { takeSteps } from '../diagnosis/escalation-steps.ts';
import type { Evidence } from '../diagnosis/evidence.ts';
import { parseEvidence } from '../diagnosis/excerpt.ts';
import { takePrevention } from '../diagnosis/prevention.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Activities, Classification, ClassifyInput } from '../recovery/activities.ts';
import type { EvidenceRef, Finding } from '../recovery/values.ts';
import { withFailures } from './failure.ts';

/** What classifying needs. */
export interface ClassificationDependencies {
  artifacts: Artifacts;
  log: Logger;
}

/** Findings beyond these are repetitions on other pods; quotes are for people. */
const MOST_FINDINGS = 8;
const MOST_QUOTES = 3;

/** The activity that says why: findings, the checklist and the escalation steps. It reads evidence only, never the cluster. */
export function createClassification(dependencies: ClassificationDependencies): Pick<Activities, 'classify'> {
  return { classify: withFailures((input) => classifyEvidence(dependencies, input)) };
}

async function classifyEvidence(
  dependencies: ClassificationDependencies,
  input: ClassifyInput,
): Promise<Classification> {
  const evidence = await wholeOrExcerpt(dependencies, input.evidence);
  const { spec } = input.runbook;
  const findings = classify(evidence).slice(0, MOST_FINDINGS).map(shortened);
  return {
    findings,
    checklist: fillChecklist(evidence, findings, spec),
    steps: takeSteps(evidence, findings, spec),
    prevention: takePrevention(evidence, findings, spec),
  };
}

/** The artifact if it is on this machine; another worker's evidence by its excerpt, which has the same shape. */
async function wholeOrExcerpt(
  { artifacts, log }: ClassificationDependencies,
  reference: EvidenceRef,
): Promise<Evidence> {
  const whole = await artifacts.get(reference.sha256).catch((thrown: unknown) => {
    // Another worker's key: what it saw is still in the excerpt.
    log.warn({ sha256: reference.sha256, error: messageOf(thrown) }, 'the evidence cannot be read');
    return null;
  });
  if (whole !== null) return parseEvidence(whole.toString('utf8'));
  log.info({ sha256: reference.sha256 }, 'the evidence is not on this machine: its excerpt is classified');
  return parseEvidence(JSON.stringify(reference.excerpt));
}

function shortened(finding: Finding): Finding {
  return { ...finding, quotes: finding.quotes.slice(0, MOST_QUOTES) };
}
