import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  isCancellation,
  makeContinueAsNewFunc,
  patched,
  setDefaultSignalHandler,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { decideNext } from '../recovery/decide.ts';
import type { EventBody, Lane, RecoveryEvent } from '../recovery/events.ts';
import { fold, nextEvent } from '../recovery/fold.ts';
import {
  keepsRefusal,
  type Order,
  type PersonsOrder,
  personsOrders,
  refusalOf,
  refusalOfRepeat,
} from '../recovery/orders.ts';
import { FINAL_LOAD_FAULTS } from '../recovery/procedures.ts';
import { emptyRecord, type RecoveryRecord } from '../recovery/record.ts';
import { noSilences } from '../recovery/silences.ts';
import { failureEvents } from '../recovery/step-failures.ts';
import type { PeopleStep, TargetStep } from '../recovery/steps.ts';
import { Alarm } from './alarm.ts';
import { openedEvent, parseInput, type RecoveryInput } from './input.ts';
import { lastEvents, remember } from './last-events.ts';
import { alertEvents, isEmptyAlert, orderEvents, parseOrder, refusedOrder } from './messages.ts';
import { runPeopleStep } from './people-steps.ts';
import { Publisher } from './publish.ts';
import { stepError } from './step-error.ts';
import { runTargetStep } from './target-steps.ts';

/** Events of one run before it continues as new, if Temporal has not suggested it earlier (durability 10). */
const MOST_EVENTS = 4_000;

/** Runs that began before this went on under their first type. */
const OWN_TYPE = 'a-runbook-has-a-run-of-its-own-type';

/** Runs that began before this asked nobody whether their target is silenced. */
const ASKS_SILENCES = 'asks-whether-it-is-silenced';
/** Runs that asked before this tell nobody the answer. */
const ANSWERS_ARE_TOLD = 'whoever-has-a-question-is-told-its-answer';

/** Runs that began before are judged by the former rules to their end (`formerRules` of the record). */
const STRICTER_RULES = 'an-approval-names-its-plan-and-a-close-undoes';

/** What the query `record` answers. */
export interface RecordAnswer {
  record: RecoveryRecord;
  events: RecoveryEvent[];
}

/** What an update answers when it was taken. */
export interface OrderAnswer {
  accepted: true;
  recoveryId: string;
  /** Whether its actor is verified; `doubt`: why a signature that came with it proves nothing. */
  verified: boolean;
  doubt?: string;
}

export const alertSignal = defineSignal<[unknown]>('alert');
export const orderSignal = defineSignal<[unknown]>('order');
export const recordQuery = defineQuery<RecordAnswer>('record');

/**
 * A recovery: decide, start or stop what was decided, wait for something to happen or for the time to come. It serves every
 * workflow type: the type is the runbook's name. `raw` is the start's one argument; `before` is the record of the run that
 * continued as this one.
 */
export async function recover(raw: unknown, before?: RecoveryRecord): Promise<{ outcome: string; recoveryId: string }> {
  const run = new Recovery();
  run.listen();
  const input = parseInput(raw);
  // A second argument given by hand is no record of ours: folding it would fail the task for ever (durability 2).
  if (before !== undefined && workflowInfo().continuedFromExecutionRunId === undefined)
    throw ApplicationFailure.nonRetryable('a start takes one input, not two', 'InvalidInput');
  // A signal that came with the start is handed over in the first turn: it tells an alert's start from a person's.
  await Promise.resolve();
  run.open(input, before);
  CancellationScope.current().cancelRequested.catch(() => run.cancelled());
  // The end of a cancelled recovery (undo, page) is work like any other: nothing below is cancelled from outside.
  return CancellationScope.nonCancellable(() => run.toTheEnd(input));
}

class Recovery {
  private record: RecoveryRecord = emptyRecord;
  private events: RecoveryEvent[] = [];
  private readonly early: (() => void)[] = [];
  private alerted = false;
  private readonly publisher = new Publisher();
  private readonly alarm = new Alarm();
  private readonly scopes: Record<Lane, CancellationScope | null> = { target: null, people: null };

  /** All handlers, before the first await; what comes before the run is opened waits. None of them throws but to refuse an order. */
  listen(): void {
    setHandler(recordQuery, () => ({ record: this.record, events: lastEvents(this.events) }), {
      description: 'The recovery as it stands, and its last events',
    });
    setHandler(alertSignal, (raw) => this.takeAlerts(raw), {
      description: 'Alerts of this target; sent by the gateway',
    });
    setHandler(orderSignal, (raw) => this.whenOpened(() => this.orderBySignal(raw)), {
      description: 'An order for when no worker answers an update: {name, id, recoveryId, actor, reason}',
    });
    setDefaultSignalHandler((name) =>
      this.whenOpened(() =>
        this.append({ kind: 'message-refused', why: `unknown signal "${name}"; known: alert, order` }),
      ),
    );
    for (const name of personsOrders) this.listenToOrder(name);
  }

  private takeAlerts(raw: unknown): void {
    this.alerted ||= !isEmptyAlert(raw);
    this.whenOpened(() => this.appendAll(alertEvents(this.record, raw, timeNow())));
  }

  private listenToOrder(name: PersonsOrder): void {
    const handler = (raw: unknown): OrderAnswer => {
      const order = this.parseOrder(name, raw);
      const { recoveryId } = this.record;
      if ('fault' in order) return { accepted: true, recoveryId, verified: false };
      const { verified, doubt } = order.value;
      // The validator let it pass: what is refused here is told as it would have been there, and stands in the record.
      const refusal = this.refusalOf(order.value);
      this.appendAll(orderEvents(this.record, order.value));
      if (refusal !== null) throw ApplicationFailure.nonRetryable(refusal, 'refused');
      return { accepted: true, recoveryId, verified, ...(doubt === undefined ? {} : { doubt }) };
    };
    setHandler(defineUpdate<OrderAnswer, [unknown]>(name), handler, {
      validator: (raw) => this.validate(name, raw),
      description: `Order ${name}: {id, recoveryId, actor, reason}`,
    });
  }

  private parseOrder(name: unknown, raw: unknown) {
    return parseOrder(name, raw, this.record.runbook?.orderKeys);
  }

  private validate(name: string, raw: unknown): void {
    const order = this.parseOrder(name, raw);
    if ('fault' in order) throw ApplicationFailure.nonRetryable(order.fault, order.forged ? 'refused' : 'invalid');
    if (keepsRefusal(this.record, order.value)) return;
    const refusal = this.refusalOf(order.value);
    if (refusal !== null) throw ApplicationFailure.nonRetryable(refusal, 'refused');
  }

  private refusalOf(order: Order): string | null {
    const isRepeat = this.record.orders[order.id] !== undefined;
    return isRepeat ? refusalOfRepeat(this.record, order) : refusalOf(this.record, order);
  }

  private orderBySignal(raw: unknown): void {
    const name = typeof raw === 'object' && raw !== null && 'name' in raw ? raw.name : undefined;
    const order = this.parseOrder(name, raw);
    if ('fault' in order) this.append(refusedOrder(order.fault, raw));
    else this.appendAll(orderEvents(this.record, order.value));
  }

  /** The Temporal UI's cancel: stop, undo, page if broken, close. */
  cancelled(): void {
    const { recoveryId } = this.record;
    const id = `cancel-${this.record.seq}`;
    const order = { id, recoveryId, name: 'cancel' as const, actor: 'temporal-ui', verified: false, args: {} };
    this.appendAll(orderEvents(this.record, order));
  }

  async toTheEnd(input: RecoveryInput): Promise<{ outcome: string; recoveryId: string }> {
    for (;;) {
      const finished = this.decideAndStart();
      this.publisher.publish(this.record);
      this.failUnknownStart();
      if (finished) break;
      if (this.shouldContinueAsNew()) await this.continueAsNew(input);
      await this.untilSomethingHappens();
    }
    await condition(allHandlersFinished);
    return { outcome: this.record.closed?.outcome ?? 'closed', recoveryId: this.record.recoveryId };
  }

  /** Appends every fact that is due, then starts and stops what was decided. Returns whether the recovery is over. */
  private decideAndStart(): boolean {
    this.tick();
    for (;;) {
      const { fact, target, people, stopTarget, stopPeople, finished } = decideNext(this.record);
      if (fact !== null) {
        this.append(asThisRunAsks(fact));
        continue;
      }
      if (stopTarget) this.scopes.target?.cancel();
      if (stopPeople) this.scopes.people?.cancel();
      if (this.isOfAnotherType()) return finished;
      if (target !== null) this.startTarget(target);
      if (people !== null) this.startPeople(people);
      return finished;
    }
  }

  private async untilSomethingHappens(): Promise<void> {
    const { wakeAt } = decideNext(this.record);
    const seen = this.record.seq;
    await this.alarm.wait(() => this.record.seq !== seen, wakeAt);
  }

  private startTarget(step: TargetStep): void {
    if (step.name === 'apply') this.append({ kind: 'action-started', n: step.n, i: step.i });
    else if (step.name === 'undo') this.append({ kind: 'undo-started', n: step.n, i: step.i, why: step.why });
    else this.append({ kind: 'step-started', lane: 'target', step: step.name });
    const started = this.record;
    this.inLane('target', step, () => runTargetStep(started, step));
  }

  private startPeople(step: PeopleStep): void {
    this.append({ kind: 'step-started', lane: 'people', step: step.name });
    const started = this.record;
    this.inLane('people', step, () => runPeopleStep(started, step));
  }

  /** Runs a step beside the loop; its promise never rejects (an unhandled rejection would wedge the task for ever). */
  private inLane(lane: Lane, step: TargetStep | PeopleStep, run: () => Promise<EventBody[]>): void {
    const scope = new CancellationScope({ cancellable: true });
    this.scopes[lane] = scope;
    void scope
      .run(run)
      .catch((thrown: unknown) => failureEvents(lane, step, stepError(thrown), isCancellation(thrown)))
      .then((bodies) => this.appendAll(bodies));
  }

  /** A person who starts a runbook that is not there learns it at once; an alert's run stays and pages. */
  private failUnknownStart(): void {
    const failure = this.record.failures.target;
    const { start, startedBy, procedure } = this.record;
    if (failure?.step !== 'load-runbook' || !FINAL_LOAD_FAULTS.has(failure.error.code)) return;
    if ((start?.by ?? startedBy) !== 'person' || procedure?.from !== undefined) return;
    throw ApplicationFailure.nonRetryable(
      failure.error.message,
      failure.error.code === 'not-found' ? 'UnknownRunbook' : 'InvalidStart',
    );
  }

  private shouldContinueAsNew(): boolean {
    const { inFlight, closed } = this.record;
    const idle = inFlight.target === null && inFlight.people === null && closed === null && allHandlersFinished();
    return (
      idle && (this.isOfAnotherType() || workflowInfo().continueAsNewSuggested || this.events.length >= MOST_EVENTS)
    );
  }

  /**
   * Whether another runbook has its turn (durability 7) and is not loaded yet: it goes on in a run of its own type, so that
   * Temporal's lists show whose work it is. Until both lanes are idle nothing is begun.
   */
  private isOfAnotherType(): boolean {
    const { runbook, runbookName } = this.record;
    return runbook === null && runbookName !== workflowInfo().workflowType && patched(OWN_TYPE);
  }

  private async continueAsNew(input: RecoveryInput): Promise<void> {
    const next = makeContinueAsNewFunc<typeof recover>({
      workflowType: this.record.runbookName,
      workflowTaskTimeout: '2s',
    });
    await next(input, this.record);
  }

  private whenOpened(handle: () => void): void {
    if (this.record.seq > 0) handle();
    else this.early.push(handle);
  }

  open(input: RecoveryInput, before: RecoveryRecord | undefined): void {
    if (before === undefined) {
      const rules = { asksSilences: patched(ASKS_SILENCES), formerRules: !patched(STRICTER_RULES) };
      this.append(openedEvent(input, this.cameWithAlert(input) ? 'alert' : 'person', rules));
      return;
    }
    // The numbers go on: a step that is written on an object must be later than those before it (durability 3).
    const asks = before.silences === undefined && patched(ASKS_SILENCES);
    const { formerRules: _, ...rest } = asks ? { ...before, silences: noSilences } : before;
    this.record = patched(STRICTER_RULES) ? rest : { ...rest, formerRules: true };
    this.append({ kind: 'snapshot', record: this.record });
  }

  /** A message that came with the start tells an alert's; a procedure that a forwarder sends on brings an empty one. */
  private cameWithAlert({ procedure }: RecoveryInput): boolean {
    return this.early.length > 0 && (procedure === undefined || this.alerted);
  }

  append(body: EventBody): void {
    const event = nextEvent(this.record, body, timeNow());
    this.record = fold(this.record, event);
    this.events = remember(this.events, event);
    for (const handle of this.early.splice(0)) handle();
  }

  private appendAll(bodies: EventBody[]): void {
    for (const body of bodies) this.append(body);
  }

  /** Time is in the record: whatever woke the loop, the decision is made at the present time. */
  private tick(): void {
    if (Date.now() > Date.parse(this.record.now)) this.append({ kind: 'tick' });
  }
}

/** A question whose answer is told, unless the run asked it before that was so. */
function asThisRunAsks(fact: EventBody): EventBody {
  if (fact.kind !== 'approval-asked' || patched(ANSWERS_ARE_TOLD)) return fact;
  const { tellsAnswer: _, ...asked } = fact;
  return asked;
}

/** Workflow time, which replays the same. */
function timeNow(): string {
  return new Date(Date.now()).toISOString();
}
