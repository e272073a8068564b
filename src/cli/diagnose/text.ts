import type { Evidence } from '../../diagnosis/evidence.ts';
import { formatTarget } from '../../recovery/ids.ts';
import type { ChecklistItem, Finding, Plan } from '../../recovery/values.ts';
import { indented, legibleAll, shortened } from '../../recovery/words.ts';
import type { coloursFor } from '../output.ts';
import type { Seen } from './look.ts';

type Colours = ReturnType<typeof coloursFor>;

/** Findings and quotes that are shown; `--json` has all. */
const MOST_FINDINGS = 4;
const MOST_QUOTES = 3;
const LONGEST_QUOTE = 200;

/** The diagnosis for a person at three in the morning: how it is, why, what would be done, what could not be read. */
export function diagnosisText(looked: Seen, colours: Colours): string {
  const seen = legibleAll(looked);
  const { answer, evidence } = seen;
  const { healthy, target, state, findings } = answer;
  const head = healthy ? colours.green('HEALTHY') : colours.red('NOT HEALTHY');
  return [
    `${head}  ${formatTarget(target)}: ${oneLine(state)}`,
    ...surroundings(evidence),
    ...section(healthy ? 'Earlier:' : 'Why:', findingsText(findings, colours)),
    ...section('What would be done:', healthy ? [] : doText(seen)),
    ...section('Looked at:', healthy ? [] : checklistText(answer.checklist, colours)),
    ...section(
      'Could not be read:',
      evidence.missing.map((entry) => `- ${entry}`),
    ),
  ].join('\n');
}

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${indented(line, 6)}`)];
}

/** Who else has a say in it: what scales, rewrites or reverts it. */
function surroundings({ workload, budgets }: Evidence): string[] {
  if (workload === null) return [];
  const { autoscaler, verticalAutoscaler, gitops } = workload;
  const said = [
    ...(autoscaler === null
      ? []
      : [`HPA ${autoscaler.name} scales it (${autoscaler.min} to ${autoscaler.max}, wants ${autoscaler.desired})`]),
    ...(verticalAutoscaler == null ? [] : [`VPA ${verticalAutoscaler} may rewrite its requests`]),
    ...budgets.map(
      ({ name, rule, disruptionsAllowed }) => `PDB ${name}: ${rule}, ${disruptionsAllowed} disruptions allowed`,
    ),
    ...(gitops === null ? [] : [`${gitops} reverts changes made in the cluster`]),
  ];
  return said.length === 0 ? [] : [`  ${said.join('; ')}`];
}

function findingsText(findings: readonly Finding[], colours: Colours): string[] {
  const shown = findings.slice(0, MOST_FINDINGS).flatMap(({ cause, summary, quotes, root, pod, container }, index) => {
    const place = [pod, container].filter((part) => part !== undefined).join('/');
    const follows = root ? '' : ' (follows from the first)';
    return [
      `${index + 1}. ${colours.bold(cause)}${place === '' ? '' : `, ${place}`}${follows}`,
      `   ${summary}`,
      ...quotes.slice(0, MOST_QUOTES).map(({ source, text }) => colours.dim(`   > ${source}: ${oneLine(text)}`)),
    ];
  });
  const more = findings.length - MOST_FINDINGS;
  return more > 0 ? [...shown, `and ${more} more (--json shows all)`] : shown;
}

function oneLine(text: string): string {
  return shortened(text.replace(/\s+/g, ' ').trim(), LONGEST_QUOTE);
}

function doText({ runbook, planned, person, answer }: Seen): string[] {
  if (runbook === null) return ['no runbook is for this target'];
  if (planned === null)
    return [
      `runbook ${runbook} has no remedy for ${answer.findings[0]?.cause ?? 'this'}${person === null ? '' : `: ${person}`}`,
    ];
  return [`${planned.remedy} of runbook ${runbook}; nothing was changed`, ...planned.plans.map(planText)];
}

function planText({ action, summary, refusal, ask }: Plan): string {
  const asks = ask === undefined ? '' : ` (asks first: ${ask})`;
  const refused = refusal === undefined ? '' : ` REFUSED: ${refusal.reason}`;
  return `- ${action}: ${summary}${asks}${refused}`;
}

/** What was found, one line each; what is well and what could not be looked at, in one line each. */
function checklistText(checklist: readonly ChecklistItem[], colours: Colours): string[] {
  const found = checklist.filter(({ state }) => state === 'found');
  const names = (wanted: ChecklistItem['state']): string =>
    checklist
      .filter(({ state }) => state === wanted)
      .map(({ id }) => id)
      .join(', ');
  return [
    ...found.map(({ id, saw }) => `${colours.yellow(id)}: ${oneLine(saw)}`),
    ...(names('done') === '' ? [] : [`nothing found: ${names('done')}`]),
    ...(names('not-possible') === '' ? [] : [`not possible: ${names('not-possible')}`]),
  ];
}
