import { stringify } from 'yaml';
import { isDeclared } from './parameters.ts';
import type {
  CauseEntry,
  Dependency,
  Parameter,
  PostRecoveryPoint,
  Procedure,
  Remedy,
  Runbook,
  RunbookSpec,
} from './schema.ts';

/** The runbook as a page for people, in Markdown (GitHub's): everything that stands in it, in the order in which it is needed. */
export function runbookPage(runbook: Runbook): string {
  const { metadata, spec } = runbook;
  const sections = [
    `# ${metadata.title}`,
    heading(runbook),
    section('Symptom', spec.symptom),
    section('Impact', impact(spec)),
    section('Alerts', alerts(spec)),
    section('Target', target(spec)),
    section('Parameters', parameters(spec)),
    section('Procedures', spec.procedures.map((procedure) => procedureSection(procedure, spec)).join('\n\n')),
    section('Dependencies', list(spec.dependencies.map(dependency))),
    section('Variables', list(spec.variables.map(variable))),
    section('Causes', spec.causes.map((cause) => causeSection(cause, spec.target.namespace)).join('\n\n')),
    section('Verification', verification(spec)),
    section('Escalation', escalation(spec)),
    section('Rollback procedure', rollback(spec)),
    section('Checklist', list(spec.checklist.map(({ id, text }) => `[ ] ${text} (\`${id}\`)`))),
    section('After the recovery', afterRecovery(spec)),
    section(
      'By hand',
      (spec.byHand ?? []).map(({ title, steps }) => `### ${title}\n\n${numbered(steps)}`).join('\n\n'),
    ),
    section('Prevention', spec.prevention.map(({ group, points }) => `### ${group}\n\n${list(points)}`).join('\n\n')),
    section('Links', list(spec.links.map(link))),
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

function section(title: string, content: string): string {
  return content === '' ? '' : `## ${title}\n\n${content}`;
}

function list(items: string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}

function numbered(items: string[]): string {
  return items.map((item, index) => `${index + 1}. ${item}`).join('\n');
}

function heading({ metadata, spec }: Runbook): string {
  return list([
    `Runbook: \`${metadata.name}\`, version ${metadata.version}${metadata.updated === undefined ? '' : `, updated ${metadata.updated}`}`,
    `Severity: ${metadata.severity}`,
    `Component: ${metadata.component}`,
    `Service: ${metadata.service}`,
    `Mode: ${spec.mode ?? 'the worker decides'}`,
  ]);
}

function impact({ impact: { user, business, data } }: RunbookSpec): string {
  const line = (who: string, { level, text }: { level: string; text: string }) => `${who}: **${level}**. ${text}`;
  return list([line('User', user), line('Business', business), line('Data', data)]);
}

function alerts({ alerts: { trigger, related } }: RunbookSpec): string {
  const name = (matcher: RunbookSpec['alerts']['trigger'][number]): string => {
    if (typeof matcher === 'string') return `\`${matcher}\``;
    const labels = Object.entries(matcher.matchers ?? {}).map(([label, value]) => `${label}="${value}"`);
    return `\`${matcher.name}{${labels.join(', ')}}\``;
  };
  return list([
    ...(trigger.length === 0 ? [] : [`Start a recovery: ${trigger.map(name).join(', ')}`]),
    ...(related.length === 0 ? [] : [`Join the one that runs: ${related.map(name).join(', ')}`]),
  ]);
}

function target({ target: { namespace, kinds, name, selector, container, service, command } }: RunbookSpec): string {
  const lines = [
    `Namespace: \`${namespace}\``,
    `Workload: ${name === undefined ? `every ${kinds.join(' or ')} ${selector === undefined ? 'of the namespace' : 'that the selector finds'}` : `${kinds.join(' or ')} \`${name}\``}`,
    selector === undefined ? '' : `Selector: \`${selector}\``,
    container === undefined ? '' : `Container: \`${container}\``,
    service === undefined ? '' : `Service: \`${service}\``,
    command === undefined ? '' : `Command: \`${JSON.stringify(command)}\``,
  ];
  return list(lines.filter((line) => line !== ''));
}

function parameters({ params }: RunbookSpec): string {
  return list(Object.entries(params).map(([name, parameter]) => `\`${name}\`: ${parameterText(parameter)}`));
}

function parameterText(parameter: Parameter): string {
  if (!isDeclared(parameter)) return `by default \`${JSON.stringify(parameter)}\``;
  const { type, required, default: byDefault, text } = parameter;
  const given = required ? 'required' : 'optional';
  const when = byDefault === undefined ? given : `by default \`${JSON.stringify(byDefault)}\``;
  return `${type}, ${when}${text === undefined ? '' : `. ${text}`}`;
}

function procedureSection({ name, text, approval, actions }: Procedure, { target }: RunbookSpec): string {
  const steps = numbered(actions.map((call) => `\`${inline(call)}\``));
  return `### ${name}\n\n${text}\n\nStarted by a person, in \`${target.namespace}\` (${approvalText(approval)}):\n\n${steps}`;
}

function dependency(entry: Dependency): string {
  const { name, type, namespace, selector, ...rest } = entry;
  const more = Object.entries(rest).map(([field, value]) => `${field} \`${value}\``);
  return [`**${name}** (${type}): pods \`${selector}\` in \`${namespace}\``, ...more].join(', ');
}

function variable({ name, pattern, value }: RunbookSpec['variables'][number]): string {
  const parts = [`\`${name}\``];
  if (pattern !== undefined) parts.push(`matches \`${pattern}\``);
  if (value !== undefined) parts.push(`is \`${value}\``);
  return parts.join(' ');
}

function causeSection(cause: CauseEntry, namespace: string): string {
  const parts = [
    `### ${cause.cause}`,
    cause.section === undefined ? '' : `In the written runbook: ${cause.section}`,
    cause.symptoms.length === 0 ? '' : `Symptoms:\n\n${list(cause.symptoms.map((symptom) => `\`${symptom}\``))}`,
    ...cause.remedies.map((remedy, index) => remedySection(remedy, index + 1, namespace)),
    cause.person === undefined ? '' : `What a person does: ${cause.person}`,
    cause.prevention.length === 0 ? '' : `Prevention:\n\n${list(cause.prevention)}`,
    cause.seeAlso.length === 0
      ? ''
      : `See also:\n\n${list(cause.seeAlso.map((also) => (typeof also === 'string' ? also : link(also))))}`,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function remedySection(remedy: Remedy, number: number, namespace: string): string {
  const actions = remedy.actions.map((call) => `\`${inline(call)}\``);
  return `Remedy ${number}, **${remedy.name}** in \`${namespace}\` (${approvalText(remedy.approval)}):\n\n${numbered(actions)}`;
}

function approvalText(approval: Remedy['approval']): string {
  if (approval === 'none') return 'by itself';
  const expiry = approval.onExpiry === 'next' ? 'the next remedy is tried' : 'people are paged';
  return `after the approval of ${approval.quorum}, asked for ${approval.expires}; if nobody answers, ${expiry}`;
}

/** Plain data in one line of YAML. */
function inline(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
}

function verification({ verify: { window, checks }, dataCheck, settle }: RunbookSpec): string {
  const calls = checks.map((check) => (typeof check === 'string' ? `\`${check}\`` : `\`${inline(check)}\``));
  const stable = `Continuously ready for ${window.crashes} times the longest life before a crash, at least ${window.min}, at most ${window.max}.`;
  const data = dataCheck === undefined ? '' : `\n\nData is told from an empty volume by \`${inline(dataCheck)}\`.`;
  return `${list(calls)}${data}\n\n${stable} After that the recovery settles for ${settle}.`;
}

function escalation({ escalation: { team, contact, steps, rungs } }: RunbookSpec): string {
  const ladder = rungs.map(({ after, notify }) => `After ${after}: ${notify.join(', else ')}`);
  const texts = steps.map((step) => (typeof step === 'string' ? step : `${step.text} (\`${step.id}\`)`));
  const who = contact === undefined ? `Team: ${team}` : `Team: ${team}. Contact: ${contact}`;
  return `${who}\n\n${list(ladder)}\n\n${numbered(texts)}`;
}

function rollback({ rollback: procedure }: RunbookSpec): string {
  return procedure === undefined ? '' : `${procedure.text}\n\n${numbered(procedure.steps)}`;
}

function afterRecovery({ postRecovery }: RunbookSpec): string {
  if (postRecovery === undefined) return '';
  const points = postRecovery.points.flatMap((point) => [`- [ ] ${point.text} (\`${point.id}\`)`, ...detailsOf(point)]);
  return `Filled in ${postRecovery.after} after the recovery:\n\n${points.join('\n')}`;
}

function detailsOf(point: PostRecoveryPoint): string[] {
  if (point.id === 'function') return (point.checks ?? []).map((call) => `  - \`${inline(call)}\``);
  if (point.id !== 'metrics') return [];
  return point.queries.map(({ name, query, min, max }) => {
    const bounds = [
      ...(min === undefined ? [] : [`at least ${min}`]),
      ...(max === undefined ? [] : [`at most ${max}`]),
    ];
    return `  - ${name}${bounds.length === 0 ? '' : `, ${bounds.join(' and ')}`}: \`${query.replace(/\s+/g, ' ').trim()}\``;
  });
}

function link({ title, url, external }: RunbookSpec['links'][number]): string {
  return external === true ? `[${title}](${url}) (outside this repository)` : `[${title}](${url})`;
}
