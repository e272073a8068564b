import { KintsugiError } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import type { BuildHook, BuildHookFacts } from './build.ts';
import { httpHook, readHeaders } from './http.ts';
import { jobHook } from './job.ts';
import { type BuildNotes, createBuildNotes } from './notes.ts';
import { type BuildHookSettings, secondsOf } from './settings.ts';

/** The build hooks of the configuration, and the notes of what they have built. */
export interface Builds {
  hook(name: string): BuildHook | undefined;
  names: string[];
  notes: BuildNotes;
}

/** Makes the hooks; nothing is called or read yet. */
export function createBuilds(dependencies: {
  settings: readonly BuildHookSettings[];
  kubernetes: Kubernetes;
  /** KINTSUGI_NAMESPACE */
  namespace: string;
}): Builds {
  const { settings, kubernetes, namespace } = dependencies;
  const hooks = new Map(settings.map((entry) => [entry.name, hookOf(entry)]));
  return {
    hook: (name) => hooks.get(name),
    names: [...hooks.keys()],
    notes: createBuildNotes({ kubernetes, namespace }),
  };
}

function hookOf({ name, timeout, job, http }: BuildHookSettings): BuildHook {
  const facts: BuildHookFacts = { name, timeoutSeconds: secondsOf(timeout) };
  if (job !== undefined) return jobHook(facts, job);
  if (http !== undefined) return httpHook(facts, http);
  throw new KintsugiError('invalid', `build hook ${name} has neither a job nor an http call`, {
    where: 'builds',
    fix: 'Give one of the two.',
  });
}

/**
 * Reads every secret file of the hooks, before the first recovery needs one.
 * @throws KintsugiError `invalid` with all that cannot be used
 */
export function checkHeaders(settings: readonly BuildHookSettings[]): void {
  const faults = settings.flatMap(({ name, http }) => {
    try {
      if (http !== undefined) readHeaders(name, http);
      return [];
    } catch (thrown) {
      if (thrown instanceof KintsugiError) return [thrown];
      throw thrown;
    }
  });
  const [first] = faults;
  if (first === undefined) return;
  throw new KintsugiError('invalid', faults.map(({ message, where }) => `${message} (${where})`).join('\n'), {
    where: faults.map(({ where }) => where).join(', '),
    fix: first.fix,
  });
}
