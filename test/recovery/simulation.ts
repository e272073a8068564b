import { decideNext } from '../../src/recovery/decide.ts';
import { after } from '../../src/recovery/durations.ts';
import type { EventBody, OrderName, RecoveryEvent } from '../../src/recovery/events.ts';
import { fold, nextEvent } from '../../src/recovery/fold.ts';
import { openPage, takers } from '../../src/recovery/fold-pages.ts';
import { changesTarget } from '../../src/recovery/ordered.ts';
import { possibleOrders, refusalOf } from '../../src/recovery/orders.ts';
import { alertKey } from '../../src/recovery/other-runbooks.ts';
import { postRecoveryEvent } from '../../src/recovery/post-recovery.ts';
import { emptyRecord, type RecoveryRecord } from '../../src/recovery/record.ts';
import { failureEvents, messageFailed, rungOf } from '../../src/recovery/step-failures.ts';
import type { PeopleStep, TargetStep } from '../../src/recovery/steps.ts';
import type { Finding, GitComparison, Hold, Mode, Plan } from '../../src/recovery/values.ts';
import {
  copyPlan,
  holdPlan,
  inPlacePlan,
  finding as oomFinding,
  raisePlan,
  smallRunbook,
  waitPlan,
  withLadder,
  withPostRecovery,
} from './samples.ts';
import { EpisodeRules, episodeReach } from './simulated-episodes.ts';
import { pageRules, writesInHand } from './simulated-people.ts';
import { brokenRules, RESTORE, RESTORE_PLANS, restoreRunbook } from './simulated-procedures.ts';
import { brokenSilence, SilenceWorld, silenceReach } from './simulated-silences.ts';

/**
 * Plays a recovery without Temporal or Kubernetes: steps take random time and end at random, alerts and orders come in between,
 * time jumps to the next thing that happens. The world it keeps (which changes really stand) is the judge of what is claimed.
 */
export interface Played {
  record: RecoveryRecord;
  events: RecoveryEvent[];
  /** Summaries of changes that really stand in the world at the end, of attempts that did not verify. */
  reallyStanding: string[];
  /** Rules that were broken on the way. */
  broken: string[];
  /** How often each thing was reached. */
  reach: Map<string, number>;
  ended: boolean;
}

/** After this much simulated time the world is calm: no more alerts or orders, every step gives its plain answer. */
const CALM_AFTER_MS = [5 * 60_000, 40 * 60_000, 3 * 3_600_000];
const MOST_ROUNDS = 40_000;
const START = '2026-01-31T03:00:00.000Z';
const FIRST = 'agent-bruno-pod-crash-loop';

/** How long steps may take, in ms: verification waits for its window, and a plan for an endpoint that it asks. */
const LASTS: Partial<Record<string, [number, number]>> = { verify: [1_000, 300_000], plan: [1, 60_000] };

const shortHold: Plan = { ...holdPlan, hold: { ...(holdPlan.hold as Hold), expires: '2h' } };

interface Pending {
  at: number;
  lane: 'target' | 'people';
  step: TargetStep | PeopleStep;
  events: EventBody[];
}

export function play(choices: number[]): Played {
  return new Simulation(choices).run();
}

class Simulation {
  private record: RecoveryRecord = emptyRecord;
  private readonly events: RecoveryEvent[] = [];
  private readonly broken: string[] = [];
  private readonly reach = new Map<string, number>();
  private readonly standing = new Map<string, string>();
  private pending: Pending[] = [];
  private readonly choices: number[];
  private chosen = 0;
  private now = Date.parse(START);
  private readonly finallyHealthy: boolean;
  private readonly mode: Mode;
  private readonly calmAfterMs: number;
  /** One turn in so many brings something from outside. */
  private readonly quiet: number;
  /** Whether somebody commits what is held. */
  private readonly gitFollows: boolean;
  /** Whether people answer approvals. */
  private readonly answers: boolean;
  /** Whether a person starts a procedure, of a target that may be well. */
  private readonly procedure: boolean;
  /** Whether a front door verifies who orders, of those that use it. */
  private readonly frontDoor: boolean;
  /** Whose approval of the present plan it has vouched for. */
  private vouched: string[] = [];
  private readonly silences: SilenceWorld | null;
  private readonly episodes = new EpisodeRules();

  constructor(choices: number[]) {
    this.choices = choices;
    this.finallyHealthy = this.oneIn(2);
    this.calmAfterMs = this.pick(CALM_AFTER_MS);
    this.quiet = this.pick([4, 15, 60]);
    this.answers = this.oneIn(2);
    this.gitFollows = this.oneIn(2);
    this.mode = this.pick<Mode>(['auto', 'auto', 'approve', 'observe']);
    this.procedure = this.oneIn(4);
    this.frontDoor = this.oneIn(2);
    this.silences = this.oneIn(2) ? new SilenceWorld(this) : null;
  }

  run(): Played {
    this.open();
    let ended = false;
    for (let round = 0; round < MOST_ROUNDS && !ended; round += 1) ended = this.turn();
    const reallyStanding = [...this.standing].flatMap(([key, summary]) => (this.isVerified(key) ? [] : [summary]));
    const { record, events, broken, reach } = this;
    return { record, events, reallyStanding, broken, reach, ended };
  }

  private open(): void {
    const late = this.oneIn(8) ? 20 * 60_000 : 0;
    const brokenSince = new Date(this.now - late).toISOString();
    this.append({
      kind: 'opened',
      recoveryId: 'recovery/default/bruno/deployment/agent-bruno@12345678',
      workflowId: 'recovery/default/bruno/deployment/agent-bruno',
      cluster: 'default',
      runbookName: this.procedure ? RESTORE : FIRST,
      target: { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' },
      startedBy: 'person',
      brokenSince,
      deadline: after(brokenSince, 15 * 60_000),
      deadlineGiven: false,
      ...(this.silences === null ? {} : { asksSilences: true }),
    });
    if (!this.procedure && !this.oneIn(6)) this.alert('firing', brokenSince);
  }

  /** One turn: what is due happens, then time goes on to the next thing. Returns whether the recovery has ended. */
  private turn(): boolean {
    if (this.now > Date.parse(this.record.now)) this.append({ kind: 'tick' });
    for (let facts = 0; ; facts += 1) {
      const decision = decideNext(this.record);
      if (decision.fact !== null) {
        if (facts > 20) throw new Error(`facts without end: ${decision.fact.kind}`);
        this.append(decision.fact);
        continue;
      }
      if (decision.finished) {
        for (const { stage } of this.record.attempts) this.count(`stage ${stage}`);
        return true;
      }
      if (decision.stopTarget) this.stop('target');
      if (decision.stopPeople) this.stop('people');
      if (decision.target !== null) this.start('target', decision.target);
      if (decision.people !== null) this.start('people', decision.people);
      break;
    }
    this.goOn(decideNext(this.record).wakeAt);
    return false;
  }

  private goOn(wakeAt: string | null): void {
    const times = this.pending.map(({ at }) => at);
    if (wakeAt !== null) times.push(Date.parse(wakeAt));
    const calm = this.isCalm();
    if (!calm && this.oneIn(this.quiet)) times.push(this.now + this.between(1, 120_000));
    if (times.length === 0) {
      this.broken.push('nothing is under way and nothing wakes the recovery');
      this.now += 24 * 3_600_000;
      return;
    }
    this.now = Math.max(this.now + 1, Math.min(...times));
    const due = this.pending.filter(({ at }) => at <= this.now);
    this.pending = this.pending.filter(({ at }) => at > this.now);
    for (const { events } of due) for (const body of events) this.append(body);
    if (this.somebodyAnswers()) this.order('approve');
    if (!calm && this.oneIn(this.quiet)) this.somethingComes();
  }

  isCalm(): boolean {
    return this.now - Date.parse(START) > this.calmAfterMs;
  }

  private somethingComes(): void {
    if (this.silences !== null && this.oneIn(5)) {
      this.count(this.silences.change(this.now));
      return;
    }
    if (this.oneIn(2)) {
      const runbook = this.oneIn(8) ? 'high-memory' : FIRST;
      const known = this.record.alerts[alertKey(this.alertOf(runbook))];
      const again = known !== undefined && this.oneIn(2);
      const startsAt = again ? known.startsAt : new Date(this.now - this.between(0, 60_000)).toISOString();
      if (!this.procedure) this.alert(this.oneIn(2) ? 'resolved' : 'firing', startsAt, runbook);
      return;
    }
    const orders = possibleOrders(this.record);
    // Whoever took over hands it back, or there would be little else than people at work.
    const back = orders.includes('handBack') && this.oneIn(2);
    const given = back ? 'handBack' : this.pick(orders.filter((order) => this.isGiven(order)));
    const name = this.oneIn(60) ? 'cancel' : given;
    if (name !== undefined) this.order(name);
  }

  /** What ends or silences a recovery is rare, or there would be little else. */
  private isGiven(order: OrderName): boolean {
    if (order === 'close') return this.oneIn(12);
    return order !== 'takeOver' || this.oneIn(openPage(this.record) === null ? 6 : 3);
  }

  private vouch(actor: string): void {
    this.vouched.push(actor);
    const asked = this.record.attempts.find(({ stage }) => stage === 'asked');
    const grave = asked?.plans.some(({ risk }) => risk === 'high') === true && asked.developmentCluster !== true;
    if (grave) this.count('verified approval of high risk');
    const several = (asked?.approval?.quorum ?? 1) > 1 && asked?.developmentCluster !== true;
    if (several) this.count('verified approval for several people');
  }

  private somebodyAnswers(): boolean {
    return this.record.attempts.some(({ stage }) => stage === 'asked') && this.answers && this.oneIn(8);
  }

  private order(name: OrderName): void {
    const order = {
      id: `order-${this.chosen}`,
      recoveryId: this.record.recoveryId,
      name,
      actor: this.pick(['ana', 'Ana ', 'bo']),
      verified: this.frontDoor && this.oneIn(2),
      args: this.argumentsOf(name),
    };
    const reason = refusalOf(this.record, order);
    this.count(`order ${name} ${reason === null ? 'accepted' : 'refused'}`);
    if (reason === null && 'runbook' in order.args) this.count('order run of a procedure accepted');
    const { id, actor, verified, args } = order;
    if (reason === null && name === 'approve' && verified) this.vouch(actor);
    if (reason === null && name === 'approve' && args.digest === undefined)
      this.broken.push('an approval was taken that does not say which plan it is of');
    if (reason === null && (name === 'approve' || name === 'reject') && this.record.closing !== null)
      this.broken.push(`${name} was taken while the recovery was being closed`);
    this.append({
      kind: 'order',
      id,
      name,
      actor,
      verified,
      args,
      accepted: reason === null,
      ...(reason === null ? {} : { reason }),
    });
  }

  private argumentsOf(name: OrderName): Record<string, number | string> {
    if (name === 'approve' || name === 'reject') {
      const digest = this.record.attempts.find(({ stage }) => stage === 'asked')?.approval?.digest;
      return digest === undefined || this.oneIn(20) ? {} : { digest };
    }
    if (name === 'close' && this.oneIn(2))
      return { rootCause: 'a leak', ...this.pick([{}, { outcome: 'handed-over' }]) };
    if (name === 'retry')
      return this.pick([
        { remedy: 'raise-memory' },
        { remedy: 'roll-back' },
        { cause: 'oom-killed' },
        { remedy: 'pray' },
      ]);
    if (name === 'extend') return { by: '10m', reason: 'on it' };
    if (name === 'note') return { text: 'seen' };
    if (name === 'undo') return { n: this.record.attempts.at(-1)?.n ?? 0 };
    if (name === 'run' && this.oneIn(3)) return { runbook: RESTORE, procedure: 'restore' };
    if (name === 'run') return { action: this.pick(['debug-session', 'debug-session', 'wait-ready']) };
    return name === 'rollback' ? { revision: 2 } : {};
  }

  private alert(status: 'firing' | 'resolved', startsAt: string, runbook = FIRST): void {
    if (runbook !== FIRST) this.count('an alert of another runbook');
    const own = { ...this.alertOf(runbook), ...(runbook === FIRST ? {} : { after: '5m' }) };
    this.append({ kind: 'alert-received', ...own, name: 'A', status, startsAt, role: 'trigger', labels: {} });
  }

  /** An alert names its runbook where the recovery goes by another one. */
  private alertOf(runbook: string): { fingerprint: string; runbook?: string } {
    const fingerprint = runbook === FIRST ? 'f1' : 'f2';
    return { fingerprint, ...(this.record.runbookName === runbook ? {} : { runbook }) };
  }

  private stop(which: 'target' | 'people'): void {
    const flight = this.pending.find(({ lane }) => lane === which);
    if (flight === undefined) return;
    this.count(`stop ${flight.step.name}`);
    // A write that is stopped is waited for: it may end as it would have.
    if (flight.step.name === 'apply' && this.oneIn(2)) return;
    flight.at = Math.min(flight.at, this.now + this.between(1, 3_000));
    flight.events = failureEvents(which, flight.step, { code: 'refused', message: 'stopped' }, true);
    if (flight.step.name === 'apply' && this.oneIn(2)) this.changeWorld(flight.step.n, flight.step.i);
  }

  private start(lane: 'target' | 'people', step: TargetStep | PeopleStep): void {
    this.count(`step ${step.name}`);
    if (this.pending.some((other) => other.lane === lane)) this.broken.push(`two steps at once in lane ${lane}`);
    if (step.name === 'apply') this.checkApply(step.n);
    if (step.name === 'page') this.checkPage(step);
    if (step.name === 'note' && openPage(this.record) !== null) this.broken.push('a note beside an open page');
    this.broken.push(...brokenSilence(this.record, step));
    for (const what of silenceReach(this.record, step)) this.count(what);
    if (step.name === 'undo') this.checkEndOfHold(step.n, step.i);
    if (step.name === 'apply' || step.name === 'undo') this.broken.push(...writesInHand(this.record, step));
    if (step.name === 'apply') this.append({ kind: 'action-started', n: step.n, i: step.i });
    else if (step.name === 'undo') this.append({ kind: 'undo-started', n: step.n, i: step.i, why: step.why });
    else this.append({ kind: 'step-started', lane, step: step.name });
    const lasts = this.between(...(LASTS[step.name] ?? [1, 20_000]));
    this.pending.push({
      at: this.now + (lane === 'people' ? this.between(1, 2_000) : lasts),
      lane,
      step,
      events: this.answer(lane, step),
    });
  }

  private checkApply(n: number): void {
    const attempt = this.record.attempts.find((candidate) => candidate.n === n);
    if (attempt === undefined) return;
    const ordered = attempt.ordered !== undefined || (attempt.approval?.by.length ?? 0) > 0;
    if (openPage(this.record) !== null && !ordered) this.broken.push('a write after the page without an order');
    const occupying = this.record.attempts.find((other) => other.stage === 'standing' && changesTarget(other.plans));
    if (occupying !== undefined) this.broken.push('a write while a session stands in the place of the target');
    const before = this.record.attempts.filter(
      (other) =>
        other.n !== n &&
        other.actions.length > 0 &&
        other.remedy === attempt.remedy &&
        other.findingKey === attempt.findingKey,
    );
    if (before.length > 0 && attempt.retried === undefined)
      this.broken.push('a remedy was tried twice for the same finding');
  }

  /** Once somebody has the page, nobody else is called; a page that nobody was brought goes on to the first. */
  private checkPage({ rung, repeat }: PeopleStep & { name: 'page' }): void {
    const page = openPage(this.record);
    if (repeat !== undefined) this.count('a rung again');
    if (page?.acknowledged === undefined) return;
    this.count('page after an acknowledgement');
    const forAll = this.record.runbook?.content.spec.escalation.rungs[rung]?.until === 'resolved';
    if (!forAll && (rung !== 0 || takers(page).length > 0)) this.broken.push('a rung calls after an acknowledgement');
  }

  /** A hold ends with its remedy, by Git's change, or after a person was paged about it. */
  private checkEndOfHold(n: number, i: number): void {
    const attempt = this.record.attempts.find((candidate) => candidate.n === n);
    if (attempt?.plans[i]?.hold === undefined || attempt.stage === 'undoing') return;
    const { mitigation, pages } = this.record;
    this.count(`hold ends by ${mitigation?.git === 'equal' ? 'git' : 'time'}`);
    const told = pages.some(({ about, rungs }) => about === 'hold' && rungs.some(({ tries }) => tries.length > 0));
    if (mitigation?.git !== 'equal' && !told) this.broken.push('a hold was released without a page before');
  }

  private answer(lane: 'target' | 'people', step: TargetStep | PeopleStep): EventBody[] {
    const calm = this.isCalm();
    if (!calm && step.name !== 'release' && this.oneIn(12)) {
      this.count(`failed ${step.name}`);
      if (step.name === 'apply' && this.oneIn(2)) this.changeWorld(step.n, step.i);
      const code = this.pick(['unavailable', 'unavailable', 'forbidden']);
      return failureEvents(lane, step, { code, message: `no ${step.name}` }, false);
    }
    switch (step.name) {
      case 'load-runbook':
        return this.loaded();
      case 'find-owner':
      case 'forward':
        return [];
      case 'diagnose':
        return [this.diagnosed(step.round)];
      case 'classify':
        return [
          { kind: 'classified', round: step.round, findings: [this.finding()] },
          { kind: 'checklist', items: [], steps: [] },
        ];
      case 'plan':
        return this.planned(step);
      case 'apply':
        return this.applied(step.n, step.i);
      case 'verify':
        return this.verified(step.n);
      case 'assess':
        return [
          {
            kind: 'assessed',
            n: step.n,
            better: this.pick([true, false, false, 'unknown' as const]),
            healthy: false,
            saw: 'looked',
          },
        ];
      case 'undo':
        return this.undone(step.n, step.i);
      case 'look':
        return [this.looked()];
      case 'post-recovery':
        return [postRecoveryEvent(this.record, [])];
      case 'release':
        return [{ kind: 'released' }];
      case 'read-silences':
        return this.silences?.read(this.record, this.now) ?? [];
      case 'page':
        return [
          {
            kind: 'page-sent',
            ...rungOf(step),
            key: openPage(this.record)?.key ?? '',
            providerId: 'p',
          },
        ];
      case 'ask':
        return [{ kind: 'approval-sent', n: step.n, digest: step.digest, notifier: step.notifier, providerId: 'q' }];
      case 'tell-answer':
        return [{ kind: 'answer-told', n: step.n, digest: step.digest, notifier: step.notifier }];
      case 'update-page':
        return [{ kind: 'page-updated', page: step.page, notifier: step.notifier, upTo: step.upTo }];
      case 'acknowledge-page':
        return [{ kind: 'page-acknowledged', page: step.page, notifier: step.notifier, by: step.by }];
      case 'resolve-page': {
        const over: EventBody = {
          kind: 'page-resolved',
          page: step.page,
          notifier: step.notifier,
          reason: step.reason,
        };
        // A notifier that stands for several could tell some of them.
        if (calm || !this.oneIn(8)) return [over];
        this.count('partly resolve-page');
        return [{ ...over, partly: true }, messageFailed(step, 'one of them is away')];
      }
      case 'note':
        return [{ kind: 'note-sent', notifier: step.notifier }];
    }
  }

  private loaded(): EventBody[] {
    const keys = this.frontDoor ? { orderKeys: ['public'] } : {};
    const own = { name: 'r', version: '1', digest: 'd', workerMode: this.mode, ...keys };
    if (this.record.runbookName !== RESTORE) {
      const runbook = this.oneIn(2) ? smallRunbook(withPostRecovery) : smallRunbook();
      return [{ kind: 'runbook-loaded', ...own, runbook: this.oneIn(3) ? runbook : withLadder(runbook) }];
    }
    if (this.record.procedure !== undefined && this.oneIn(6)) {
      const error = { code: 'invalid', message: 'parameter "claim" is missing' };
      return [{ kind: 'step-failed', lane: 'target', step: 'load-runbook', error }];
    }
    const runbook = restoreRunbook(this.pick([0, 1, 1, 2]));
    return [{ kind: 'runbook-loaded', ...own, runbook, procedure: 'restore' }];
  }

  private diagnosed(round: number): EventBody {
    const healthy = this.isCalm() ? this.finallyHealthy : this.oneIn(this.procedure ? 2 : 10);
    const measure = { desired: 1, ready: healthy ? 1 : 0, readyHeld: 0, longestLifeSeconds: 5 };
    return {
      kind: 'diagnosed',
      round,
      healthy,
      measure,
      evidence: { sha256: 'e', bytes: 1, excerpt: null },
      saw: 'saw',
    };
  }

  private finding(): Finding {
    const subject = this.pick(['memory', 'memory', 'other']);
    const cause = this.oneIn(5) ? 'unknown' : 'oom-killed';
    return { ...oomFinding, cause, subject, key: `${cause}|agent-bruno|${subject}` };
  }

  private planned(step: TargetStep & { name: 'plan' }): EventBody[] {
    const { n, cause, remedy, findingKey } = step;
    if (this.oneIn(8))
      return [{ kind: 'remedy-refused', n, cause, remedy, findingKey, code: 'refused', reason: 'at the cap' }];
    if (remedy === 'restore') {
      const plans = this.pick(RESTORE_PLANS);
      const developmentCluster = this.oneIn(2);
      return [{ kind: 'planned', n, cause, remedy, findingKey, plans, digest: 'p', developmentCluster }];
    }
    if (remedy === 'debug-session' || remedy === 'wait-ready') {
      const plan = remedy === 'wait-ready' ? waitPlan : this.pick([copyPlan, copyPlan, inPlacePlan]);
      const asks = plan === inPlacePlan || this.oneIn(6) ? { ask: 'nobody is served meanwhile' } : {};
      return [{ kind: 'planned', n, cause, remedy, findingKey, plans: [{ ...plan, ...asks }], digest: 'p' }];
    }
    const raise = this.oneIn(6) ? { ...raisePlan, ask: 'the tag has moved' } : raisePlan;
    const held = this.oneIn(3) ? [shortHold] : [];
    return [{ kind: 'planned', n, cause, remedy, findingKey, plans: [...held, raise, waitPlan], digest: 'p' }];
  }

  private applied(n: number, i: number): EventBody[] {
    const held = this.silences?.heldBack(this.record, n, i) ?? null;
    if (held !== null) return held;
    const chance = this.between(0, 20);
    if (chance < 3) return [{ kind: 'held-back', n, i, why: 'paused' }];
    if (chance === 3)
      return [
        {
          kind: 'replanned',
          n,
          i,
          plan: this.plannedAnew(n, i),
          digest: `p${this.chosen}`,
        },
      ];
    if (chance === 4)
      return [{ kind: 'action-finished', n, i, outcome: 'failed', error: { code: 'forbidden', message: 'no' } }];
    this.changeWorld(n, i);
    if (chance === 5) return [{ kind: 'action-finished', n, i, outcome: 'unknown' }];
    return [{ kind: 'action-finished', n, i, outcome: 'applied' }];
  }

  private plannedAnew(n: number, i: number): Plan {
    const plan = this.record.attempts.find((attempt) => attempt.n === n)?.plans[i] ?? raisePlan;
    return { ...plan, summary: `${plan.summary} anew` };
  }

  private changeWorld(n: number, i: number): void {
    const plan = this.record.attempts.find((attempt) => attempt.n === n)?.plans[i];
    if (plan !== undefined && plan.undo !== 'none') this.standing.set(`${n}/${i}`, plan.summary);
  }

  private verified(n: number): EventBody[] {
    const result = this.pick(['pass', 'fail', 'fail', 'unknown'] as const);
    const checks = [{ name: 'ready', result, saw: 'saw' }];
    return [
      {
        kind: 'verified',
        n,
        result,
        checks,
        better: result === 'pass' ? true : this.pick([true, false, 'unknown' as const]),
      },
    ];
  }

  private undone(n: number, i: number): EventBody[] {
    const outcome = this.pick(['undone', 'undone', 'not-needed', 'refused', 'failed'] as const);
    const really = this.standing.has(`${n}/${i}`);
    if (outcome === 'not-needed' && really)
      return [{ kind: 'undo-finished', n, i, outcome: 'refused', saw: 'a foreign change' }];
    if (outcome === 'undone') this.standing.delete(`${n}/${i}`);
    this.count(`undo ${outcome}`);
    return [{ kind: 'undo-finished', n, i, outcome, saw: 'saw' }];
  }

  private looked(): EventBody {
    const healthy = this.isCalm() ? this.finallyHealthy || this.record.recovered !== null : this.oneIn(4);
    const broken = !healthy && !this.isCalm() && this.oneIn(3);
    const ready = healthy || this.oneIn(3) ? 1 : 0;
    const measure = { desired: 1, ready, readyHeld: ready, longestLifeSeconds: 5 };
    return { kind: 'watched', healthy, broken, saw: 'looked', measure, ...this.comparedWithGit() };
  }

  private comparedWithGit(): { hold?: GitComparison } {
    if (this.record.mitigation === undefined) return {};
    const git = this.gitFollows && this.oneIn(6) ? 'equal' : this.pick(['differs', 'unknown'] as const);
    this.count(`git ${git}`);
    return { hold: { git, saw: `it is ${git}` } };
  }

  private isVerified(key: string): boolean {
    if (this.standing.get(key)?.startsWith(holdPlan.summary)) return false;
    return this.record.attempts.find(({ n }) => n === Number(key.split('/')[0]))?.stage === 'verified';
  }

  private append(body: EventBody): void {
    const event = nextEvent(this.record, body, new Date(this.now).toISOString());
    if (body.kind === 'approval-asked') this.vouched = [];
    this.broken.push(...brokenRules(this.record, body, this.vouched), ...pageRules(this.record, body));
    const before = this.record;
    this.record = fold(before, event);
    for (const what of episodeReach(before, this.record)) this.count(what);
    this.broken.push(...this.episodes.broken(before, event, this.record));
    if (event.kind !== 'tick') this.events.push(event);
    this.count(event.kind === 'closed' ? `closed ${event.outcome}` : event.kind);
    for (const attempt of this.record.attempts)
      this.reach.set(`stage ${attempt.stage}`, (this.reach.get(`stage ${attempt.stage}`) ?? 0) + 1);
  }

  count(what: string): void {
    this.reach.set(what, (this.reach.get(what) ?? 0) + 1);
  }

  private next(): number {
    const value = this.choices[this.chosen % this.choices.length] ?? 0;
    this.chosen += 1;
    // The choices come round again differently mixed.
    return (value * 7919 + Math.floor(this.chosen / this.choices.length) * 104_729) % 1_000_003;
  }

  oneIn(n: number): boolean {
    return this.next() % n === 0;
  }

  between(low: number, high: number): number {
    return low + (this.next() % (high - low + 1));
  }

  pick<T>(options: readonly T[]): T {
    const option = options[this.next() % Math.max(1, options.length)];
    return option as T;
  }
}
