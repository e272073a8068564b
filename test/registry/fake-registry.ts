import { type SeenRequest, startServer, type TestServer } from '../http/server.ts';

/** A registry that has every image by any digest, for whoever gives this user and password, or for everybody. */
export async function startFakeRegistry(login?: { username: string; password: string }): Promise<TestServer> {
  return startServer((request, response) => {
    if (login !== undefined && !isLet(request, login)) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="registry"' }).end();
      return;
    }
    const name = /\/manifests\/([^?]+)/.exec(request.path)?.[1] ?? '';
    const digest = name.startsWith('sha256:') ? name : `sha256:${'e'.repeat(64)}`;
    response.writeHead(200, {
      'content-type': 'application/vnd.oci.image.manifest.v1+json',
      'docker-content-digest': digest,
    });
    response.end();
  });
}

function isLet({ headers }: SeenRequest, { username, password }: { username: string; password: string }): boolean {
  return headers.authorization === `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
