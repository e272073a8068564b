import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Worker, type WorkflowBundle } from '@temporalio/worker';
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

  test.each(histories)(
    '%s does not replay when another activity is called in place of diagnose',
    async (file) => {
      await expect(replay(await mutated('diagnose', 'classify'), file)).rejects.toThrow();
    },
    60_000,
  );

  test.each(histories)(
    '%s does not replay when the runbook is never loaded',
    async (file) => {
      await expect(replay(await mutated('loadRunbook', 'findOwner'), file)).rejects.toThrow();
    },
    60_000,
  );
});
