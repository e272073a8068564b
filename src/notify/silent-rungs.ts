import type { NamedNotifier } from './notifier.ts';
import { pagerDutySettings } from './pagerduty.ts';

/** What is configured, as far as it decides who is called. */
export interface Callers {
  notifiers: readonly NamedNotifier[];
  defaultNotifiers: readonly string[];
}

interface Rung {
  after: string;
  notify: readonly string[];
  repeat?: string | undefined;
}

/** A runbook, as far as it calls people. */
export interface Climbing {
  name: string;
  runbook: { spec: { escalation: { rungs: readonly Rung[] } } };
}

export const SILENT_RUNG_FIX =
  "let PagerDuty's own escalation policy call again and further, and name first in this rung who does not have the page yet: another service's integration, or another way to reach people";

/**
 * The rungs that call a PagerDuty that has the page already: what comes under the key of an open alert is written into its log, and
 * nobody is called. Neither a runbook nor the configuration shows that by itself. One sentence each.
 */
export function silentRungs(runbooks: readonly Climbing[], callers: Callers): string[] {
  return runbooks.flatMap(({ name, runbook }) =>
    silentOf(runbook.spec.escalation.rungs, callers).map((sentence) => `${name} ${sentence}`),
  );
}

function silentOf(rungs: readonly Rung[], callers: Callers): string[] {
  const having = new Set<string>();
  return rungs.flatMap(({ after, notify, repeat }) => {
    const asked = firstAsked(notify, callers);
    const alerts = asked === undefined ? null : alertsOf(asked, callers);
    if (asked === undefined || alerts === null) return [];
    const has = having.has(alerts);
    having.add(alerts);
    return [
      ...(has ? [`after ${after}: ${asked} has the page by then, and calls nobody anew`] : []),
      ...(repeat === undefined ? [] : [`again every ${repeat}: ${asked} has the page, and calls nobody anew`]),
    ];
  });
}

/** Whoever is asked first; the others of the list only where that one does not take it. */
function firstAsked(notify: readonly string[], { defaultNotifiers }: Callers): string | undefined {
  return notify.flatMap((name) => (name === 'default' ? defaultNotifiers : [name])).find((name) => name !== 'log');
}

/** Where its alerts are opened, if it is a PagerDuty: two notifiers with one key have them in common. */
function alertsOf(name: string, { notifiers }: Callers): string | null {
  const entry = notifiers.find((notifier) => notifier.name === name);
  const settings = entry?.type === 'pagerduty' ? pagerDutySettings.safeParse(entry.settings).data : undefined;
  return settings === undefined ? null : `${settings.url} ${settings.routingKeyFile}`;
}
