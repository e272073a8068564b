import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Worker, type WorkflowBundle } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { z } from 'zod';
import { workflowBundle } from './environment.ts';

/**
 * Histories of real recoveries on the development cluster (dev/record-history.ts): whatever changes in the workflow must
 * replay them, for such recoveries may be under way when a new version is rolled out.
 */
const folder = join(import.meta.dirname, 'histories');
const histories = readdirSync(folder).filter((file) => file.endsWith('.json'));

/** The id says which target the recovery is of, and is part of what the workflow decides by. */
const historySchema = z.object({
  events: z.tuple(
    [z.object({ workflowExecutionStartedEventAttributes: z.object({ workflowId: z.string() }) })],
    z.unknown(),
  ),
});

const activitySchema = z.object({
  events: z.array(
    z.object({
      activityTaskScheduledEventAttributes: z.object({ activityType: z.object({ name: z.string() }) }).optional(),
    }),
  ),
});

/** The types of the activities that a history has scheduled. */
function activitiesIn(file: string): string[] {
  const { events } = activitySchema.parse(JSON.parse(readFileSync(join(folder, file), 'utf8')));
  const names = events.flatMap(
    ({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType.name ?? [],
  );
  return [...new Set(names)];
}

async function replay(bundle: WorkflowBundle, file: string): Promise<void> {
  const history: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const [started] = historySchema.parse(history).events;
  const { workflowId } = started.workflowExecutionStartedEventAttributes;
  await Worker.runReplayHistory({ workflowBundle: bundle }, history, workflowId);
}

/** The same workflows, but for one activity that is called in place of another. */
async function mutated(called: string, instead: string): Promise<WorkflowBundle> {
  const { code } = await workflowBundle();
  const changed = code.replaceAll(`.${called}(`, `.${instead}(`);
  if (changed === code) throw new Error(`the bundle never calls ${called}`);
  return { code: changed };
}

describe('recorded recoveries', () => {
  test('there are some', () => {
    expect(histories.length).toBeGreaterThan(0);
  });

  test.each(histories)(
    '%s replays',
    async (file) => {
      await expect(replay(await workflowBundle(), file)).resolves.toBeUndefined();
    },
    60_000,
  );

  // Each activity that the recovery went through: what comes late in a history guards as well as what comes first.
  const steps = histories.flatMap((file) => activitiesIn(file).map((activity) => ({ file, activity })));
  test.each(steps)(
    '$file does not replay when another activity is called in place of $activity',
    async ({ file, activity }) => {
      const instead = activity === 'classify' ? 'diagnose' : 'classify';
      await expect(replay(await mutated(activity, instead), file)).rejects.toThrow(DeterminismViolationError);
    },
    60_000,
  );
});
