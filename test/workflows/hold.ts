import { setTimeout as sleep } from 'node:timers/promises';
import { activityInfo } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';

/**
 * Keeps activities pending: they beat their heart and hear no cancellation. The test awaits the workflow's result meanwhile: the
 * server skips time only then, and not while an activity runs but where that asks for it. An attempt must end within its own
 * limits: after a timed out one the server skips no time any more.
 */
export class Hold {
  /** How many calls are, or were, held. */
  held = 0;
  private released = 0;
  private readonly environment: TestWorkflowEnvironment;
  private until: number;

  constructor(environment: TestWorkflowEnvironment, until: number) {
    this.environment = environment;
    this.until = until;
  }

  /** Pending until {@link release}: time goes on to `until`, and from there like the clock on the wall: what is late is seen to be. */
  async pending(): Promise<void> {
    this.held += 1;
    const call = this.held;
    while (call > this.released) {
      await this.passTime(() => this.until);
      await this.beat();
      await sleep(20);
    }
  }

  /** Lets time go on to a moment, in steps that a beating heart survives. */
  async passTime(until: () => number): Promise<void> {
    for (;;) {
      const left = until() - (await this.environment.currentTimeMs());
      if (left <= 0) return;
      await this.beat();
      await this.environment.sleep(Math.min(left, 1_000));
    }
  }

  /** Awaited, unlike the SDK's own heartbeat; its answer, which may be a cancellation, is not heard. */
  private async beat(): Promise<void> {
    await this.environment.client.activity.heartbeat(tokenOf(activityInfo().base64TaskToken)).catch(() => undefined);
  }

  /** Lets time go on to a later moment. */
  goOnTo(until: number): void {
    this.until = until;
  }

  /** Whether a call is pending now. */
  get holds(): boolean {
    return this.held > this.released;
  }

  /** Lets go what is pending now; what is called later is pending anew. */
  release(): void {
    this.released = this.held;
  }
}

function tokenOf(base64: string): Uint8Array {
  return Uint8Array.from(Buffer.from(base64, 'base64'));
}

/** A gate that activities wait at, hearing no cancellation. */
export function gate(): { reached: Promise<void>; wait: () => Promise<void>; open: () => void } {
  let arrive = () => {};
  let open = () => {};
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const wait = async () => {
    arrive();
    await opened;
  };
  return { reached, wait, open: () => open() };
}
