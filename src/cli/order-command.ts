import type { Command, Option } from 'commander';
import type { GivenOrder, OrderFields } from '../orders/give-order.ts';
import type { PersonsOrder } from '../orders/roles.ts';
import type { AskedFields, FrontDoor } from './front-door.ts';
import { actorOption, ID_ARGUMENT, jsonOption } from './options.ts';
import { type JsonOption, printResult } from './output.ts';

/** The flags that orders have between them. */
interface OrderOptions extends JsonOption {
  actor?: string;
  reason?: string;
  attempt?: number;
  digest?: string;
  rootCause?: string;
  toRevision?: number;
}

/** Where a command is called otherwise than its order, and what its own flags come to. */
interface Differently {
  name?: string;
  /** What the second argument is, where it takes one: the order's text. */
  text?: string;
  fields?(flags: Record<string, unknown>): Partial<OrderFields>;
  /** What is looked up before it is given. */
  prepare?(door: FrontDoor, id: string, fields: AskedFields): Promise<{ id: string; fields: AskedFields }>;
}

/** Adds the command by which a person gives one order to a recovery. */
export function registerOrder(
  program: Command,
  order: PersonsOrder,
  description: string,
  options: Option[],
  differently?: Differently,
): void {
  const command = program
    .command(differently?.name ?? order)
    .description(description)
    .argument('<id>', ID_ARGUMENT);
  if (differently?.text !== undefined) command.argument('<text>', differently.text);
  for (const option of [actorOption(), ...options, jsonOption()]) command.addOption(option);
  command.action(async (id: string) => {
    const given = command.opts<OrderOptions>();
    const [, text] = command.args;
    const said = text === undefined ? {} : { text };
    const { requireActor, withFrontDoor } = await import('./front-door.ts');
    requireActor(given.actor);
    const all = { ...fieldsOf(given), ...said, ...differently?.fields?.(command.opts()) };
    const result = await withFrontDoor(async (door) => {
      const prepared = (await differently?.prepare?.(door, id, all)) ?? { id, fields: all };
      return door.order(prepared.id, order, prepared.fields);
    });
    printResult(given, result, () => orderText(result));
  });
}

function fieldsOf({ actor, reason, attempt, digest, rootCause, toRevision }: OrderOptions): AskedFields {
  return {
    ...(actor === undefined ? {} : { actor }),
    ...(reason === undefined ? {} : { reason }),
    ...(attempt === undefined ? {} : { n: attempt }),
    ...(digest === undefined ? {} : { digest }),
    ...(rootCause === undefined ? {} : { rootCause }),
    ...(toRevision === undefined ? {} : { revision: toRevision }),
  };
}

function orderText({ order, recoveryId, state }: GivenOrder): string {
  const shown: readonly PersonsOrder[] = ['run', 'rollback', 'takeOver', 'handBack'];
  const follow = shown.includes(order) ? `; follow it: kintsugi show ${recoveryId} --follow` : '';
  return state === 'accepted'
    ? `${order}: taken by ${recoveryId}${follow}`
    : `${order}: no worker answers; the order is kept in Temporal and ${recoveryId} decides on it when a worker returns`;
}
