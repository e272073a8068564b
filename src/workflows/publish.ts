import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { detailsOf } from '../recovery/details.ts';
import { formatTarget } from '../recovery/ids.ts';
import { phaseOf } from '../recovery/phase.ts';
import { leadingFinding } from '../recovery/policy.ts';
import type { RecoveryRecord } from '../recovery/record.ts';

/** Shows the record to the Temporal UI: its Markdown, and the search attributes when they change. */
export class Publisher {
  private shown = '';

  publish(record: RecoveryRecord): void {
    setCurrentDetails(detailsOf(record));
    const attributes = attributesOf(record);
    const text = JSON.stringify(attributes);
    if (text === this.shown) return;
    this.shown = text;
    upsertSearchAttributes(attributes);
  }
}

function attributesOf(record: RecoveryRecord): Record<string, string[]> {
  const { target } = record;
  const path = target === null ? '' : formatTarget(target);
  const values = {
    KintsugiTarget: path,
    KintsugiRunbook: record.runbookName,
    KintsugiPhase: phaseOf(record),
    KintsugiCause: leadingFinding(record)?.cause ?? '',
    KintsugiOutcome: record.closed?.outcome ?? '',
  };
  return Object.fromEntries(Object.entries(values).flatMap(([key, value]) => (value === '' ? [] : [[key, [value]]])));
}
