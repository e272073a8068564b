/** What the two lanes can be doing: each step is one activity. `decideNext` names steps, the workflow runs them. */

export type TargetStep =
  | { name: 'load-runbook' }
  | { name: 'find-owner' }
  | { name: 'forward' }
  | { name: 'diagnose'; round: number }
  | { name: 'classify'; round: number }
  | { name: 'plan'; n: number; cause: string; remedy: string; findingKey: string }
  | { name: 'apply'; n: number; i: number }
  | { name: 'verify'; n: number }
  | { name: 'assess'; n: number }
  | { name: 'undo'; n: number; i: number; why: string }
  | { name: 'look' }
  | { name: 'post-recovery' }
  | { name: 'release' };

export type PeopleStep =
  | { name: 'read-silences' }
  | { name: 'page'; rung: number; repeat?: number; notifier: string }
  | { name: 'ask'; n: number; digest: string; notifier: string }
  | { name: 'tell-answer'; n: number; digest: string; notifier: string }
  | { name: 'update-page'; page: number; notifier: string; upTo: number }
  | { name: 'acknowledge-page'; page: number; notifier: string; by: string }
  | { name: 'resolve-page'; page: number; notifier: string; reason: string }
  | { name: 'note'; notifier: string };

export type StepName = TargetStep['name'] | PeopleStep['name'];
