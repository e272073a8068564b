import { loadConfiguration } from '../configuration/configuration.ts';
import { KintsugiError } from '../errors.ts';
import { type GivenOrder, giveOrder, type OrderFields } from '../orders/give-order.ts';
import type { PersonsOrder } from '../orders/roles.ts';
import type { Mode, Params } from '../recovery/values.ts';
import { type Listed, listWithDeadlines } from '../temporal/listed.ts';
import {
  findRecovery,
  type RecoveryFilter,
  readRecord,
  type Session,
  type StoredRecovery,
} from '../temporal/recoveries.ts';
import type { RecordAnswer } from '../workflows/recovery.ts';
import { type RecoverySource, temporalSource } from './follow.ts';
import { gatewayDoor } from './gateway-door.ts';
import { say } from './output.ts';
import { withTemporal } from './with-temporal.ts';

/**
 * The one place that decides where the command line reads and orders: at the gateway, if KINTSUGI_URL names one, which knows who
 * somebody is by a token; else at Temporal itself, where nobody is verified.
 */

/** An order as the flags say it: at the gateway its actor is the token's person, and need not be said. */
export type AskedFields = Omit<OrderFields, 'actor'> & { actor?: string };

/** What was found of a recovery: without a worker only what Temporal knows, and why. */
export interface Found {
  stored: StoredRecovery;
  answer: RecordAnswer | { error: KintsugiError };
}

/** A start as it goes through the gateway; parameters are texts, which the gateway reads by the runbook. */
export interface AskedStart {
  runbook: string;
  target?: string;
  procedure?: string;
  params?: Params;
  mode?: Mode;
  actor?: string;
  reason?: string;
  deadline?: string;
}

/** What a start came to; `orderId`: of the procedure that became an order on an open recovery. */
export interface Begun {
  workflowId: string;
  recoveryId?: string;
  joined: boolean;
  orderId?: string;
  /** The procedure of that order, where it is known here. */
  procedure?: string;
}

export interface FrontDoor {
  order(text: string, order: PersonsOrder, fields: AskedFields): Promise<GivenOrder>;
  list(filter: RecoveryFilter): Promise<Listed[]>;
  find(text: string): Promise<Found>;
  source: RecoverySource;
  /** Only at the gateway: it reads the runbook itself. */
  start?(start: AskedStart): Promise<Begun>;
  /** Only at Temporal. */
  session?: Session;
}

/** Opens the front door that the configuration names, and closes it whatever happens. */
export async function withFrontDoor<T>(use: (door: FrontDoor) => Promise<T>): Promise<T> {
  const { url, token } = loadConfiguration(process.env);
  if (url === undefined) return withTemporal((session) => use(temporalDoor(session)));
  return use(gatewayDoor(url, requireToken(token)));
}

/** The token for the gateway. Throws where there is none. */
export function requireToken(token: string | undefined): string {
  if (token !== undefined) return token;
  throw new KintsugiError('invalid', 'KINTSUGI_URL names a gateway, but there is no token for it', {
    where: 'KINTSUGI_TOKEN',
    fix: 'set it, or KINTSUGI_TOKEN_FILE; without KINTSUGI_URL orders go straight to Temporal, unverified',
  });
}

function temporalDoor(session: Session): FrontDoor {
  return {
    session,
    source: temporalSource(session),
    list: (filter) => listWithDeadlines(session, filter),
    find: async (text) => {
      const stored = await findRecovery(session, text);
      return { stored, answer: await readRecord(session, stored).catch(unanswered) };
    },
    order: (text, order, { actor, ...fields }) => {
      if (actor === undefined) throw withoutActor();
      sayUnverified();
      return giveOrder(session, text, order, { actor, ...fields });
    },
  };
}

function unanswered(thrown: unknown): { error: KintsugiError } {
  if (thrown instanceof KintsugiError && thrown.retryable) return { error: thrown };
  throw thrown;
}

/** Throws where nobody says who orders, and no gateway could know: before anything is asked of Temporal. */
export function requireActor(actor: string | undefined): void {
  if (actor === undefined && loadConfiguration(process.env).url === undefined) throw withoutActor();
}

/** Nobody is guessed. */
function withoutActor(): KintsugiError {
  return new KintsugiError('invalid', "required option '--actor <name>' not specified", {
    where: ['kintsugi', ...process.argv.slice(2)].join(' '),
    fix: 'give it: people who read the history want to know; or order by a gateway (KINTSUGI_URL, KINTSUGI_TOKEN), which knows who you are',
  });
}

function sayUnverified(): void {
  say(
    'The order goes straight to Temporal, so who gives it is unverified: KINTSUGI_URL and KINTSUGI_TOKEN lead through the gateway.',
  );
}
