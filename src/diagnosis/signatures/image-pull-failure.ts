import type { Signature } from '../signature.ts';

/** In events mostly (`../kubelet-facts.ts`); here for a kubelet's or engine's own words inside a log. */
export default {
  cause: 'image-pull-failure',
  patterns: [
    {
      regex: 'Failed to pull image "([^"]{1,300})"',
      weight: 9,
      subject: 1,
      source: 'kubernetes pkg/kubelet/images/image_manager.go',
    },
    {
      regex: String.raw`pull access denied for (\S{1,200}), repository does not exist`,
      weight: 9,
      subject: 1,
      source: 'docker distribution/errors.go',
    },
  ],
} satisfies Signature;
