import type { Page } from '../recovery/escalation.ts';
import { shortened } from '../recovery/words.ts';
import { lineOf } from './line.ts';
import { plainText } from './page.ts';
import type { PageMessage } from './page-message.ts';

/** What PagerDuty's Common Event Format says of a page: https://developer.pagerduty.com/docs/send-alert-event */

/** Characters of a summary, by the API's reference. */
const LONGEST_SUMMARY = 1024;
/** Of the details. The API takes 512 KB in all: links and names have the rest. */
const MOST_BYTES = 400_000;
const LONGEST_LINE = 1000;
const MOST_LINES = 30;
const LONGEST_TEXT = 60_000;
const LONGEST_ADDRESS = 2000;
const LONGEST_TITLE = 100;

/** The parts of a trigger event that tell about the page. */
export function eventBody(message: PageMessage, publicUrl: string | undefined) {
  const { page } = message;
  return {
    client: 'Kintsugi',
    ...(publicUrl === undefined ? {} : { client_url: publicUrl }),
    payload: {
      summary: lineOf(message, LONGEST_SUMMARY),
      // dev/bruno/deployment/agent-bruno: one target of one cluster.
      source: shortened(page.workflowId.replace(/^recovery\//, '') || page.title || 'kintsugi', LONGEST_LINE),
      severity: severityOf(page.severity),
      ...timestampOf(page.brokenSince),
      ...member('component', page.component),
      ...member('group', page.service),
      ...member('class', page.findings[0]?.cause ?? page.runbook),
      custom_details: details(page, plainText(message)),
    },
    links: page.links
      .filter(({ url }) => /^https?:\/\//.test(url) && url.length <= LONGEST_ADDRESS)
      .slice(0, MOST_LINES)
      .map(({ title, url }) => ({ href: url, text: shortened(title, LONGEST_TITLE) })),
  };
}

const SEVERITIES: Partial<Record<string, 'critical' | 'error' | 'warning' | 'info'>> = {
  critical: 'critical',
  warning: 'warning',
  info: 'info',
};

/** A severity that is not known is no reason to let somebody sleep. */
function severityOf(severity: string): 'critical' | 'error' | 'warning' | 'info' {
  return SEVERITIES[severity] ?? 'critical';
}

function timestampOf(time: string): { timestamp?: string } {
  const date = new Date(time);
  return Number.isNaN(date.valueOf()) ? {} : { timestamp: date.toISOString() };
}

function member<K extends string>(key: K, value: string): { [key in K]?: string } {
  const given: { [key in K]?: string } = {};
  if (value !== '') given[key] = shortened(value, LONGEST_LINE);
  return given;
}

/** What a person reads first as a table, then the whole page. Whatever a page holds, the event stays below the API's limit. */
function details(page: Page, text: string): { [key: string]: unknown } {
  const few = {
    why: shortened(page.why, LONGEST_LINE),
    ...(page.trouble === undefined ? {} : { trouble: shortened(page.trouble, LONGEST_LINE) }),
    team: shortened(page.contact === undefined ? page.team : `${page.team}, ${page.contact}`, LONGEST_LINE),
    recovery: `kintsugi show ${page.recoveryId}`,
  };
  const told = { ...few, page: shortened(text, LONGEST_TEXT) };
  const whole = {
    ...few,
    found: lines(page.findings.map(({ cause, summary }) => `${cause}: ${summary}`)),
    tried: lines(
      page.attempts.map(({ remedy, outcome, undone }) => `${remedy}: ${outcome}${undone ? ', undone' : ''}`),
    ),
    standing: lines(page.holds),
    steps: lines(page.steps.map((step) => `${step.text}: ${step.found}`)),
    page: told.page,
  };
  // Characters that JSON writes as six bytes may make even a bounded page too big.
  return [whole, told].find((candidate) => Buffer.byteLength(JSON.stringify(candidate)) <= MOST_BYTES) ?? few;
}

function lines(all: string[]): string[] {
  const shown = all.slice(0, MOST_LINES).map((line) => shortened(line, LONGEST_LINE));
  return all.length > MOST_LINES ? [...shown, `and ${all.length - MOST_LINES} more`] : shown;
}
