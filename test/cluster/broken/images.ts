import { app, type Broken } from './workloads.ts';

const NO_SECRETS = { imagePullSecrets: [] };
/** The development registry wants credentials for this one. */
const PRIVATE = 'docker.io/library/nothing:here';

/** Images that the kubelet cannot pull. */
export const IMAGES: readonly Broken[] = [
  {
    name: 'no-such-tag',
    make: app('no-such-tag', { image: PRIVATE }),
    cause: 'image-pull-failure',
    subject: PRIVATE,
    says: ['no such image or tag'],
  },
  {
    name: 'registry-refused',
    make: app('registry-refused', { image: '127.0.0.1:1/team/app:1' }),
    cause: 'image-pull-failure',
    subject: '127.0.0.1:1/team/app:1',
    says: ['the registry cannot be reached'],
  },
  {
    name: 'registry-unknown',
    make: app('registry-unknown', { image: 'registry.nowhere.invalid/team/app:1' }),
    cause: 'image-pull-failure',
    subject: 'registry.nowhere.invalid/team/app:1',
    says: ['cannot be resolved'],
  },
  {
    name: 'no-pull-secret',
    make: app('no-pull-secret', { image: PRIVATE }, (spec) => Object.assign(spec, NO_SECRETS)),
    cause: 'image-pull-failure',
    subject: PRIVATE,
    says: ['does not permit it', 'no pull secret'],
  },
  {
    name: 'pull-secret-gone',
    make: app('pull-secret-gone', { image: PRIVATE }, (spec) => {
      spec.imagePullSecrets = [{ name: 'regcred' }];
    }),
    cause: 'image-pull-failure',
    subject: PRIVATE,
    says: ['pull secret regcred is not there'],
  },
];
