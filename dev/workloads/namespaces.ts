/** What stands on the development cluster to be broken: each workload with all that it needs. */
export const WORKLOADS = ['agent-bruno', 'kosmos'] as const;
export type Workload = (typeof WORKLOADS)[number];

/** The namespaces of one copy of the workloads, so that several stand side by side on one cluster. */
export interface Namespaces {
  bruno: string;
  redis: string;
  mongodb: string;
  ollama: string;
  kosmos: string;
}

/** The names of the published manifests. */
export const PUBLISHED: Namespaces = {
  bruno: 'bruno',
  redis: 'redis',
  mongodb: 'mongodb',
  ollama: 'ollama',
  kosmos: 'kosmos',
};

/** Where each workload stands: first the namespace of what is broken and mended, then those of its dependencies. */
const NAMESPACES_OF: Record<Workload, [keyof Namespaces, ...(keyof Namespaces)[]]> = {
  'agent-bruno': ['bruno', 'redis', 'mongodb', 'ollama'],
  kosmos: ['kosmos'],
};

/** The published names with a suffix: `bruno-x1`, `redis-x1` and so on. */
export function namespacesWithSuffix(suffix: string): Namespaces {
  return {
    bruno: `bruno-${suffix}`,
    redis: `redis-${suffix}`,
    mongodb: `mongodb-${suffix}`,
    ollama: `ollama-${suffix}`,
    kosmos: `kosmos-${suffix}`,
  };
}

/** The names of those namespaces that some workloads stand in. */
export function namesOf(workloads: readonly Workload[], namespaces: Namespaces): string[] {
  return workloads.flatMap((workload) => NAMESPACES_OF[workload].map((key) => namespaces[key]));
}

/** The namespace in which a workload itself is. */
export function namespaceOf(workload: Workload, namespaces: Namespaces): string {
  return namespaces[NAMESPACES_OF[workload][0]];
}

/** What marks a namespace that the development tools made: they write to and delete no other (safety 27). */
export const DEVELOPMENT_LABEL = { 'kintsugi.dev/development': 'true' };
