import { describe, test } from '@jest/globals';
import type { ReferenceEvidence } from '../../../src/diagnosis/evidence/reference.ts';
import type { Evidence } from '../../../src/diagnosis/evidence.ts';
import { type Case, isToldFirst } from './first-finding.ts';
import { reference, waiting, warning } from './seen.ts';

const pull = (message: string, references: ReferenceEvidence[] = []): Partial<Evidence> => ({
  pods: [waiting('ImagePullBackOff', 'Back-off pulling image', { image: 'ghcr.io/team/app:2' })],
  events: [
    warning('Failed', `Failed to pull image "ghcr.io/team/app:2": ${message}`),
    warning('Failed', 'Error: ErrImagePull'),
  ],
  references,
});

const IMAGES: Case[] = [
  [
    'no such tag',
    pull(
      'rpc error: code = NotFound desc = failed to resolve reference "ghcr.io/team/app:2": ghcr.io/team/app:2: not found',
    ),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'no such image or tag',
  ],
  [
    'no permission, and no pull secret',
    pull(
      'failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token: 401 Unauthorized',
    ),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'does not permit it; the pod has no pull secret',
  ],
  [
    'no permission, since the pull secret is not there',
    pull('unexpected status from HEAD request to https://ghcr.io/v2/team/app/manifests/2: 403 Forbidden', [
      reference({ found: false }),
    ]),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'its pull secret pull is not there',
    'kubectl create secret docker-registry pull --docker-server=ghcr.io',
  ],
  [
    'no permission, since the pull secret is of the wrong type',
    pull(
      'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
      [reference({ type: 'Opaque' })],
    ),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'of type Opaque',
  ],
  [
    'no permission, since the pull secret is for another registry',
    pull('unexpected status: 403 Forbidden', [
      reference({ type: 'kubernetes.io/dockerconfigjson', registries: ['docker.io'] }),
    ]),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'has credentials for docker.io only',
  ],
  [
    'the rate limit',
    pull(
      '429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit',
    ),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'rate limit',
  ],
  [
    'a registry that is away',
    pull(
      'failed to do request: Head "https://ghcr.io/v2/team/app/manifests/2": dial tcp 10.0.0.1:443: connect: connection refused',
    ),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'cannot be reached',
  ],
  [
    'a registry whose name nobody knows',
    pull('failed to do request: Head "https://ghcr.io/v2/": dial tcp: lookup ghcr.io on 10.96.0.10:53: no such host'),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'name cannot be resolved',
  ],
  [
    'a certificate that is not trusted',
    pull('failed to do request: tls: failed to verify certificate: x509: certificate signed by unknown authority'),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'does not trust',
  ],
  [
    'a platform that the image has not',
    pull('no match for platform in manifest: not found'),
    'image-pull-failure|agent-bruno|ghcr.io/team/app:2',
    'platform',
  ],
];

describe('when an image cannot be pulled', () => {
  test.each(IMAGES)('%s', isToldFirst);
});
