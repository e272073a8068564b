import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { Action, Permission } from '../../src/actions/action.ts';
import { actions } from '../../src/actions/registry.ts';
import { checks } from '../../src/checks/registry.ts';
import { createProgram } from '../../src/cli/program.ts';
import { environmentSchema, secretVariables, temporalVariables } from '../../src/configuration/environment.ts';
import { fileSchema } from '../../src/configuration/file.ts';
import { openApiDocument } from '../../src/gateway/api/openapi.ts';
import { notifierKinds } from '../../src/notify/registry.ts';
import { HARMS } from '../../src/recovery/destructive.ts';
import { knownCatalogue } from '../../src/runbook/catalogue.ts';
import { runbookJsonSchema } from '../../src/runbook/json-schema.ts';
import { loadRunbooks } from '../../src/runbook/load.ts';
import { type Runbook, runbookSchema } from '../../src/runbook/schema.ts';
import { apiPage } from './api.ts';
import { commandLinePage } from './command-line.ts';
import { eventsPage } from './events.ts';
import { fieldsTable, page, table } from './markdown.ts';
import { metricsPage } from './metrics.ts';
import { ordersPage } from './orders.ts';
import { formatted, type Output } from './output.ts';

/** The JSON Schema for editors and every page of docs/reference, made from what the code declares. */
export async function references(root: string): Promise<Output[]> {
  const { runbooks: stored } = await loadRunbooks(join(root, 'runbooks'));
  const runbooks = stored.map(({ runbook }) => runbook);
  const schema = `${JSON.stringify(runbookJsonSchema(knownCatalogue), null, 2)}\n`;
  const events = readFileSync(join(root, 'src/recovery/events.ts'), 'utf8');
  return [
    formatted({ file: 'runbooks/runbook.schema.json', text: schema }),
    { file: 'docs/reference/runbook.md', text: runbookPage() },
    { file: 'docs/reference/actions.md', text: actionsPage(runbooks) },
    { file: 'docs/reference/checks.md', text: checksPage() },
    { file: 'docs/reference/notifiers.md', text: notifiersPage() },
    { file: 'docs/reference/events.md', text: eventsPage(events) },
    { file: 'docs/reference/metrics.md', text: metricsPage() },
    { file: 'docs/reference/configuration.md', text: configurationPage() },
    { file: 'docs/reference/cli.md', text: commandLinePage(createProgram()) },
    { file: 'docs/reference/orders.md', text: ordersPage(writtenRunbook(runbooks)) },
    { file: 'docs/reference/api.md', text: apiPage() },
    { file: 'docs/reference/openapi.json', text: `${JSON.stringify(openApiDocument(), null, 2)}\n` },
  ];
}

/** The runbook that orders are shown with: the one that Kintsugi was written for. */
function writtenRunbook(runbooks: Runbook[]): Runbook {
  const written = runbooks.find(({ metadata }) => metadata.name === 'agent-bruno-pod-crash-loop');
  if (written === undefined) throw new Error('runbooks/agent-bruno-pod-crash-loop.yaml is not there');
  return written;
}

function schemaOf(schema: z.ZodType) {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}

function runbookPage(): string {
  const about =
    'Every field of a runbook. `[]` stands for each item of a list. Unknown keys are faults. How to write one: `docs/writing-a-runbook.md`.';
  const names =
    'In the parameters of actions and checks a whole value may be `$name`: of the target `$namespace`, `$name`, `$selector`, `$container`, `$service`; of a dependency `$redis.selector` and its other fields; of `params` the name itself. `$container` and `$name` of a runbook that names none are those of the recovery: the container that the finding is about, and the workload.';
  return page('Runbook', about, [fieldsTable(schemaOf(runbookSchema)), '## Names', names]);
}

function actionsPage(runbooks: Runbook[]): string {
  const named: Readonly<Record<string, Action<unknown>>> = actions;
  const sections = Object.values(named).map((action) => {
    const uses = usesOf(action, runbooks);
    const parts = [
      `## ${action.name}`,
      action.summary,
      `${action.disruptive ? 'Replaces or deletes running pods.' : 'Leaves running pods as they are.'}${harmText(action, uses)}`,
      '### Parameters',
      fieldsTable(schemaOf(action.params)),
      '### Permissions',
      permissionsTable(permissionsOf(action, uses)),
      ...(uses.length === 0 ? [] : ['### Examples', examples(action, uses)]),
    ];
    return parts.join('\n\n');
  });
  return page(
    'Actions',
    'What a remedy can do: `{action-name: {parameters}}`. Only what the rules of `docs/safety.md` allow is applied.',
    sections,
  );
}

/** What an action takes from its target, with the parameters that the runbooks give it. */
function harmText(action: Action<unknown>, uses: unknown[]): string {
  const harms = (uses.length === 0 ? [{}] : uses).map((params) =>
    action.harm(action.params.safeParse(params).data ?? params),
  );
  return [...new Set(harms)]
    .map((harm) => (harm === null ? '' : ` Where it ${HARMS[harm]}, only verified people approve it.`))
    .join('');
}

/** The permissions that an action may need, with the parameters that the runbooks give it. */
function permissionsOf(action: Action<unknown>, uses: unknown[]): Permission[] {
  const all = (uses.length === 0 ? [{}] : uses).flatMap((params) =>
    action.permissions(action.params.safeParse(params).data ?? params),
  );
  return [...new Map(all.map((permission) => [JSON.stringify(permission), permission])).values()];
}

/** How the runbooks use an action, each way once. */
function usesOf(action: Action<unknown>, runbooks: Runbook[]): unknown[] {
  const remedies = runbooks.flatMap(({ spec }) => [
    ...spec.causes.flatMap((cause) => cause.remedies),
    ...spec.procedures,
  ]);
  const calls = remedies.flatMap((remedy) => remedy.actions.flatMap((call) => Object.entries(call)));
  const texts = calls.flatMap(([name, params]) => (name === action.name ? [JSON.stringify(params)] : []));
  return [...new Set(texts)].map((text): unknown => JSON.parse(text));
}

function examples(action: Action<unknown>, uses: unknown[]): string {
  const lines = uses.map(
    (params) => `- ${stringify({ [action.name]: params }, { collectionStyle: 'flow', lineWidth: 0 }).trim()}`,
  );
  return ['```yaml', ...lines, '```'].join('\n');
}

function permissionsTable(permissions: Permission[]): string {
  const rows = permissions.map(({ group, resource, subresource, verbs }) => [
    group === '' ? 'core' : group,
    subresource === undefined ? resource : `${resource}/${subresource}`,
    verbs.join(', '),
  ]);
  return rows.length === 0 ? 'None.' : table(['API group', 'Resource', 'Verbs'], rows);
}

function checksPage(): string {
  const sections = Object.values(checks).map(({ name, summary, params }) =>
    [`## ${name}`, summary, fieldsTable(schemaOf(params))].join('\n\n'),
  );
  const about =
    'What a recovery is verified by (`spec.verify.checks`): a name, or `{name: {parameters}}`. Each answers `pass`, `fail` or `unknown`.';
  return page('Checks', about, sections);
}

function notifiersPage(): string {
  const about =
    'What a rung of the escalation ladder may name in `notify`, in the order of fallback: the three below, and those that the configuration file names.';
  const builtIn = [
    [
      '`default`',
      'Those of `notifiers.default` in the configuration file, in their order, until one takes the page. Whoever took it hears what follows.',
    ],
    ['`webhook`', 'Posts the page as JSON to KINTSUGI_WEBHOOK_URL, with an Idempotency-Key; there if that is set.'],
    [
      '`log`',
      "Writes the whole page into the worker's log; it reaches nobody by itself, and gets every message anyway.",
    ],
  ];
  const kinds = Object.values(notifierKinds).map(({ name, summary }) => [`\`${name}\``, summary]);
  return page('Notifiers', about, [
    table(['Name', 'What it does'], builtIn),
    '## Types that the configuration file may name',
    'Their settings: [configuration.md](configuration.md#notifiers).',
    table(['Type', 'What it does'], kinds),
  ]);
}

const NOTIFIERS =
  'An entry of `notifiers.named` has a `name`, a `type` and the settings of that type. A secret is never written into the file: a setting whose name ends with `File` is the path of a file with it, read at each message. `kintsugi notify test NAME` tries one out.';

function configurationPage(): string {
  const { properties = {}, required = [] } = schemaOf(environmentSchema);
  const secrets: readonly string[] = secretVariables;
  const variables = Object.entries(properties).map(([name, schema]) => {
    const { description = '', default: byDefault } = typeof schema === 'boolean' ? {} : schema;
    const value = byDefault === undefined ? (required.includes(name) ? 'required' : '') : `\`${String(byDefault)}\``;
    return [
      secrets.includes(name) ? `\`${name}\` or \`${name}_FILE\`` : `\`${name}\``,
      value.replace(/`.*\/\.kintsugi`/, '`~/.kintsugi`'),
      description,
    ];
  });
  const temporal = temporalVariables.map(({ name, about }) => [`\`${name}\``, about]);
  const about =
    'Everything is read from environment variables and one YAML file, and checked at the start: all faults are listed at once. A variable that may hold a secret may be given as `<NAME>_FILE`, the path of a file with the value.';
  return page('Configuration', about, [
    '## Variables',
    table(['Variable', 'Default', 'Meaning'], variables),
    '## The file named by KINTSUGI_CONFIG',
    fieldsTable(schemaOf(fileSchema)),
    '## Notifiers',
    NOTIFIERS,
    ...Object.values(notifierKinds).flatMap(({ name, summary, settings }) => [
      `### \`type: ${name}\``,
      summary,
      fieldsTable(schemaOf(settings)),
    ]),
    '## Temporal',
    table(['Variable', 'Meaning'], temporal),
  ]);
}
