import { z } from 'zod';
import { apiRoutes } from '../../src/gateway/api/routes.ts';
import { leastRole, mayAsk, type Request, roles } from '../../src/orders/roles.ts';
import { personsOrders } from '../../src/recovery/orders.ts';
import { fieldsTable, page, table } from './markdown.ts';

const ABOUT = [
  'The HTTP API of the gateway: to read recoveries, to start them and to give orders. Each call carries `Authorization: Bearer <token>`; who orders is the person of the token ([security](../security.md)).',
  'An `{id}` is a workflow id, a recovery id or `namespace/kind/name`, URL-encoded; of a silence it is the silence’s own. Errors are `{error: {code, message, where, fix, retryable}}`. The same as OpenAPI 3.1: [openapi.json](openapi.json), served at `/api/v1/openapi.json`.',
].join('\n\n');

/** Every call of the API with what it takes and answers, and which role may what. */
export function apiPage(): string {
  const calls = apiRoutes.map(({ method, path, summary, query, body, answers }) =>
    [
      `## ${method.toUpperCase()} ${path}`,
      summary,
      ...(query === undefined ? [] : ['### Query', fieldsTable(schemaOf(query))]),
      ...(body === undefined ? [] : ['### Body', fieldsTable(schemaOf(body))]),
      '### Answers',
      table(
        ['Status', 'Meaning'],
        Object.entries(answers).map(([status, { about }]) => [status, about]),
      ),
    ].join('\n\n'),
  );
  return page('HTTP API', ABOUT, [...calls, '## Roles', rolesTable()]);
}

function rolesTable(): string {
  const requests: [Request, string][] = [
    ['read', 'read'],
    ['start', 'start a recovery'],
    ['silence', 'set or end a silence'],
    ...personsOrders.map((name): [Request, string] => [name, `\`${name}\``]),
    ['procedure', 'start or `run` a procedure'],
  ];
  const rows = requests
    .sort(([one], [other]) => roles.indexOf(leastRole(one)) - roles.indexOf(leastRole(other)))
    .map(([request, words]) => [words, ...roles.map((role) => (mayAsk(role, request) ? 'yes' : ''))]);
  return table(['May', ...roles], rows);
}

function schemaOf(schema: z.ZodType) {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}
