import { z } from 'zod';
import { type ApiRoute, apiRoutes } from './routes.ts';

/** The API's own document, OpenAPI 3.1, made from the schemas by which it is checked. */
export function openApiDocument(): object {
  const paths: { [path: string]: object } = {};
  for (const route of apiRoutes) paths[route.path] = { ...paths[route.path], [route.method]: operation(route) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Kintsugi',
      version: 'v1',
      description:
        'Recoveries: to read, to start and to give orders to. An id is a workflow id, a recovery id or namespace/kind/name, URL-encoded.',
    },
    security: [{ token: [] }],
    paths,
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  };
}

function operation({ name, path, of = 'Which recovery', summary, query, body, answers }: ApiRoute): object {
  const inPath = path.includes('{id}')
    ? [{ name: 'id', in: 'path', required: true, schema: { type: 'string' }, description: of }]
    : [];
  const key = { name: 'Idempotency-Key', in: 'header', required: false, schema: { type: 'string' } };
  const inQuery = Object.entries(query?.shape ?? {}).map(([field, schema]) => {
    const { description, ...rest } = schemaOf(schema);
    return {
      name: field,
      in: 'query',
      required: false,
      schema: rest,
      ...(description === undefined ? {} : { description }),
    };
  });
  return {
    operationId: name,
    summary,
    parameters: [...inPath, ...inQuery, ...(body === undefined ? [] : [key])],
    ...(body === undefined ? {} : { requestBody: { required: true, content: jsonContent(body) } }),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, { about, schema }]) => [
        status,
        { description: about, content: jsonContent(schema) },
      ]),
    ),
  };
}

function jsonContent(schema: z.ZodType): object {
  return { 'application/json': { schema: schemaOf(schema) } };
}

function schemaOf(schema: z.core.$ZodType) {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' });
  return rest;
}
