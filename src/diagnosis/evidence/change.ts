export interface RevisionEvidence {
  revision: string;
  name: string;
  createdAt: string;
  changeCause?: string;
  images: string[];
  /** Of each image, as its pods ran it or as it was when it was seen healthy; empty where it is not known. */
  digests?: string[];
  replicas: number;
  ready: number;
  current: boolean;
  /** Whether Kintsugi's baseline saw this revision healthy. */
  healthyBaseline: boolean;
  /** When Kintsugi last saw this very template healthy, if ever. */
  seenHealthyAt?: string;
}

export interface TemplateDifference {
  /** What it was compared with: `baseline of 2026-01-01T…` or `revision 3`. */
  against: string;
  kind: 'baseline' | 'previous-revision';
  changes: TemplateChange[];
}

export interface TemplateChange {
  container?: string;
  /** `image`, `env REDIS_URL`, `resources.limits.memory`, `Secret/app`. */
  what: string;
  before: string;
  after: string;
}

export interface DeliveryEvidence {
  /** `Kustomization flux-system/apps`, `HelmRelease redis/redis`. */
  owner: string;
  /** `main@sha1:0f3a…`, `chart 1.2.3, release version 4`. */
  revision: string;
  at?: string;
  state: string;
}

export interface BuildEvidence {
  now: Build;
  before: Build;
  /** The repository, as the running image names it. */
  source?: string;
}

interface Build {
  image: string;
  digest?: string;
  /** `org.opencontainers.image.revision`. */
  commit?: string;
  created?: string;
}
