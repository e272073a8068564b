import { describe, expect, test } from '@jest/globals';
import { credentialsFor } from '../../src/registry/credentials.ts';
import { digestOfImageId, type ImageReference, parseImage } from '../../src/registry/reference.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('an image name is taken apart as the container runtime does it', () => {
  test.each<[string, ImageReference | null]>([
    ['busybox', { registry: 'docker.io', repository: 'library/busybox', tag: 'latest' }],
    ['grafana/loki:3.1', { registry: 'docker.io', repository: 'grafana/loki', tag: '3.1' }],
    ['ghcr.io/a/b:latest', { registry: 'ghcr.io', repository: 'a/b', tag: 'latest' }],
    ['10.99.0.1:5000/a', { registry: '10.99.0.1:5000', repository: 'a', tag: 'latest' }],
    ['localhost/a:1', { registry: 'localhost', repository: 'a', tag: '1' }],
    [`ghcr.io/a/b@${DIGEST}`, { registry: 'ghcr.io', repository: 'a/b', digest: DIGEST }],
    [`ghcr.io/a/b:1@${DIGEST}`, { registry: 'ghcr.io', repository: 'a/b', tag: '1', digest: DIGEST }],
    ['', null],
    ['ghcr.io/A b', null],
    ['ghcr.io/a@sha256:short', null],
  ])('%j', (image, expected) => {
    expect(parseImage(image)).toEqual(expected);
  });

  test('an imageID without a repository names a configuration, which no registry answers with', () => {
    expect(digestOfImageId(`ghcr.io/a/b@${DIGEST}`)).toBe(DIGEST);
    expect(digestOfImageId(DIGEST)).toBeUndefined();
    expect(digestOfImageId(undefined)).toBeUndefined();
  });
});

describe('credentials of a pull secret', () => {
  const image: ImageReference = { registry: 'ghcr.io', repository: 'team/app', tag: 'latest' };
  const secret = (auths: Record<string, object>): string => JSON.stringify({ auths });
  const user = (username: string): object => ({ username, password: 'p' });
  const names = (auths: Record<string, object>, of: ImageReference = image): string[] =>
    credentialsFor(of, [secret(auths)]).map(({ username }) => username);

  test.each<[string, Record<string, object>, string[]]>([
    ['the registry itself', { 'ghcr.io': user('a') }, ['a']],
    ['a key with a scheme and a version', { 'https://ghcr.io/v2/': user('a') }, ['a']],
    ['a path prefix comes before the host alone', { 'ghcr.io': user('a'), 'ghcr.io/team': user('b') }, ['b', 'a']],
    ['a path prefix of another team does not fit', { 'ghcr.io/tea': user('a') }, []],
    ['a glob stands for one label', { '*.io': user('a'), '*.ghcr.io': user('b') }, ['a']],
    ['another registry does not fit', { 'quay.io': user('a'), 'xghcr.io': user('b') }, []],
    ['an entry without a password is left out', { 'ghcr.io': { username: 'a' } }, []],
    ['`auth` is user and password in base64', { 'ghcr.io': { auth: Buffer.from('a:p:q').toString('base64') } }, ['a']],
  ])('%s', (_sentence, auths, expected) => {
    expect(names(auths)).toEqual(expected);
  });

  test('docker.io is known by its old index address', () => {
    const hub: ImageReference = { registry: 'docker.io', repository: 'library/busybox', tag: 'latest' };
    expect(names({ 'https://index.docker.io/v1/': user('a') }, hub)).toEqual(['a']);
  });

  test('a password with colons stays whole, the legacy form is read, and what is not JSON gives none', () => {
    const legacy = JSON.stringify({ 'ghcr.io': { auth: Buffer.from('a:p:q').toString('base64') } });
    expect(credentialsFor(image, ['not json', legacy])).toEqual([{ username: 'a', password: 'p:q' }]);
  });
});
