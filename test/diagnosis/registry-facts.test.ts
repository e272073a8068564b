import { describe, expect, test } from '@jest/globals';
import { classify } from '../../src/diagnosis/classify.ts';
import type { ImageEvidence } from '../../src/diagnosis/evidence/reference.ts';
import { evidence, pod } from './evidence.ts';

const image = 'ghcr.io/brunovlucena/agent-bruno:v9';
const waiting = pod({
  image,
  state: { kind: 'waiting', reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}"` },
});
const told = (pull: ImageEvidence['pull']) =>
  classify(evidence({ pods: [waiting], images: [{ container: 'agent-bruno', image, pull }] }))[0];

describe('an image that cannot be pulled', () => {
  test("is told by the kubelet's word and the registry's own answer", () => {
    const saw = 'ghcr.io has no tag v9 of brunovlucena/agent-bruno; it has latest';
    const found = told({ kind: 'no-image', saw });
    expect(found).toMatchObject({
      cause: 'image-pull-failure',
      subject: image,
      summary: `The image ${image} cannot be pulled: ImagePullBackOff. Asked now, ${saw}.`,
      key: `image-pull-failure|agent-bruno|${image}`,
    });
    expect(found?.quotes.map(({ source }) => source)).toEqual(['registry', 'agent-bruno-1 agent-bruno state']);
  });

  test('and that the registry gives by now keeps what the kubelet said', () => {
    const found = told({ kind: 'pullable', saw: `${image} may be pulled` });
    expect(found?.summary).toMatch(
      /^The image .* cannot be pulled: ImagePullBackOff\. Asked now, the registry gives it\.$/,
    );
  });

  test('is told by the kubelet alone where the registry was not asked', () => {
    expect(classify(evidence({ pods: [waiting] }))[0]?.quotes).toHaveLength(1);
  });
});
