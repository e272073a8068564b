/** The namespaces of one copy of Agent Bruno's world, so that several stand side by side on one cluster. */
export interface Namespaces {
  bruno: string;
  redis: string;
  mongodb: string;
  ollama: string;
}

/** The names of the published manifests. */
export const PUBLISHED: Namespaces = { bruno: 'bruno', redis: 'redis', mongodb: 'mongodb', ollama: 'ollama' };

/** The published names with a suffix: `bruno-x1`, `redis-x1` and so on. */
export function namespacesWithSuffix(suffix: string): Namespaces {
  return {
    bruno: `bruno-${suffix}`,
    redis: `redis-${suffix}`,
    mongodb: `mongodb-${suffix}`,
    ollama: `ollama-${suffix}`,
  };
}

/** What marks a namespace that the development tools made: they write to and delete no other (safety 27). */
export const DEVELOPMENT_LABEL = { 'kintsugi.dev/development': 'true' };
