import type { AnswerState } from '../dependencies/answer.ts';
import type { DependencyAnswer, DependencyEvidence } from './evidence/connection.ts';

/** Of several pods' answers the first of these is what the dependency as a whole is like: one that serves is enough. */
const BEST_FIRST: readonly AnswerState[] = [
  'well',
  'denied',
  'full',
  'read-only',
  'loading',
  'failing',
  'silent',
  'refused',
  'no-route',
];

/** Nobody is served by it: said by its own pods or Service, not by its dependents (safety 21). */
const SERVES_NOBODY: ReadonlySet<AnswerState> = new Set(['silent', 'refused', 'no-route', 'loading']);

/** What the dependency answered when it was asked for real; null where it could not be asked. The Service's answer decides over its pods'. */
export function answerOf({ answers = [] }: DependencyEvidence): DependencyAnswer | null {
  const told = answers.filter(({ state }) => state !== 'unknown');
  const ofService = told.filter(({ from }) => from.startsWith('Service '));
  const deciding = ofService.length > 0 ? ofService : told;
  const [best] = deciding.toSorted((a, b) => BEST_FIRST.indexOf(a.state) - BEST_FIRST.indexOf(b.state));
  return best ?? null;
}

/** A dependency is down only if its own pods or endpoints say so (safety 21). */
export function isDown(dependency: DependencyEvidence): boolean {
  if (!dependency.known) return false;
  if (dependency.podsReady === 0 || dependency.endpointsReady === 0) return true;
  const answer = answerOf(dependency);
  return answer !== null && SERVES_NOBODY.has(answer.state);
}

/** Whether it is up and serves the application as it should, as far as that was seen. */
export function isWell(dependency: DependencyEvidence): boolean {
  const answer = answerOf(dependency);
  return !isDown(dependency) && dependency.missingService === undefined && (answer === null || answer.state === 'well');
}

/** "redis in redis: 1 of 1 pods ready, 1 ready endpoints; pod redis-master-0, by port-forward: PONG; role master". */
export function describeDependency(dependency: DependencyEvidence): string {
  const { name, namespace, selector, absent = false } = dependency;
  if (absent) return `${name}: namespace ${namespace} has no pod, workload or Service of it (${selector})`;
  if (!dependency.known) return `${name}: its pods could not be read`;
  const pods = `${dependency.podsReady} of ${dependency.podsFound} pods ready`;
  const endpoints = dependency.endpointsReady === null ? '' : `, ${dependency.endpointsReady} ready endpoints`;
  const broken = dependency.notReady.length === 0 ? '' : ` (${dependency.notReady.join('; ')})`;
  const scaled = (dependency.withoutPods ?? []).map(describeWorkload).join('');
  const missing =
    dependency.missingService === undefined
      ? ''
      : `; its address names Service ${dependency.missingService}, which is not there`;
  return `${name} in ${namespace}: ${pods}${endpoints}${broken}${scaled}${missing}${describeAnswers(dependency)}`;
}

function describeWorkload({
  kind,
  name,
  replicas,
  setBy,
  setAt,
}: NonNullable<DependencyEvidence['withoutPods']>[number]): string {
  const by = setBy === undefined ? '' : `, set by ${setBy}${setAt === undefined ? '' : ` at ${setAt}`}`;
  return `; ${kind} ${name} is scaled to ${replicas}${by}`;
}

/** At most two: first what was answered, then why it was not asked. */
function describeAnswers({ answers = [] }: DependencyEvidence): string {
  const order = answers.toSorted((a, b) => Number(a.state === 'unknown') - Number(b.state === 'unknown'));
  return order
    .slice(0, 2)
    .map(({ from, state, saw }) => `; ${from}: ${state === 'unknown' ? 'could not be asked: ' : ''}${saw}`)
    .join('');
}
