import type { Command, Option } from 'commander';
import type { GivenOrder, OrderFields, PersonsOrder } from './give-order.ts';
import { actorOption, ID_ARGUMENT, jsonOption } from './options.ts';
import { type JsonOption, printResult } from './output.ts';

/** The flags that orders have between them. */
interface OrderOptions extends JsonOption {
  actor: string;
  reason?: string;
  attempt?: number;
  digest?: string;
  rootCause?: string;
}

/** Adds the command by which a person gives one order to a recovery. */
export function registerOrder(program: Command, order: PersonsOrder, description: string, options: Option[]): void {
  const command = program.command(order).description(description).argument('<id>', ID_ARGUMENT);
  for (const option of [actorOption(), ...options, jsonOption()]) command.addOption(option);
  command.action(async (id: string, given: OrderOptions) => {
    const { giveOrder } = await import('./give-order.ts');
    const { withTemporal } = await import('./recoveries.ts');
    const result = await withTemporal((session) => giveOrder(session, id, order, fieldsOf(given)));
    printResult(given, result, () => orderText(result));
  });
}

function fieldsOf({ actor, reason, attempt, digest, rootCause }: OrderOptions): OrderFields {
  return {
    actor,
    ...(reason === undefined ? {} : { reason }),
    ...(attempt === undefined ? {} : { n: attempt }),
    ...(digest === undefined ? {} : { digest }),
    ...(rootCause === undefined ? {} : { rootCause }),
  };
}

function orderText({ order, recoveryId, state }: GivenOrder): string {
  return state === 'accepted'
    ? `${order}: taken by ${recoveryId}`
    : `${order}: no worker answers; the order is kept in Temporal and ${recoveryId} decides on it when a worker returns`;
}
