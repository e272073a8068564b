import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { KintsugiError } from '../../src/errors.ts';
import { run } from '../build/commands.ts';
import { type Layout, NODE_ADDRESS } from './layout.ts';
import { freePort } from './ports.ts';
import { type BackgroundProcess, startInBackground, waitUntil } from './processes.ts';
import type { Registry, StateJournal } from './state.ts';

const USER = 'kintsugi';

/** Starts Debian's docker-registry with one user, and waits until it refuses who has no password. */
export async function startRegistry(
  journal: StateJournal,
  layout: Layout,
  signal: AbortSignal | undefined,
): Promise<{ registry: Registry; process: BackgroundProcess }> {
  const password = randomBytes(18).toString('base64url');
  const address = `${NODE_ADDRESS}:${await freePort(NODE_ADDRESS, 5000)}`;
  const passwords = join(layout.configuration, 'registry.htpasswd');
  // The lowest bcrypt cost: the registry checks it at every request, and the password is random.
  writeFileSync(passwords, `${(await run('htpasswd', ['-niBC', '4', USER], { input: password })).trim()}\n`, {
    mode: 0o600,
  });
  mkdirSync(layout.registryImages, { recursive: true });
  const configuration = join(layout.configuration, 'registry.yaml');
  writeFileSync(
    configuration,
    stringify({
      version: '0.1',
      log: { level: 'warn', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: layout.registryImages }, delete: { enabled: true } },
      http: { addr: address, secret: randomBytes(18).toString('hex') },
      auth: { htpasswd: { realm: 'kintsugi', path: passwords } },
    }),
  );
  const registry = startInBackground(journal, {
    name: 'docker-registry',
    program: 'docker-registry',
    args: ['serve', configuration],
    logFile: join(layout.logs, 'docker-registry.log'),
  });
  await waitUntil({ what: 'the registry to answer', seconds: 30, signal, needs: [registry] }, () =>
    registryAnswers(address),
  );
  return { registry: { address, user: USER, password }, process: registry };
}

/** Whether a registry answers at host:port and asks for a password. */
export async function registryAnswers(address: string): Promise<boolean> {
  try {
    return (await fetch(`http://${address}/v2/`, { signal: AbortSignal.timeout(2000) })).status === 401;
  } catch {
    return false;
  }
}

/**
 * Where the registry keeps an image with a published name: 'ghcr.io/brunovlucena/agent-bruno:latest' is
 * '<address>/brunovlucena/agent-bruno:latest', 'redis:7' is '<address>/library/redis:7'.
 * Throws `invalid` for a name of another host than ghcr.io and docker.io.
 */
export function nameInRegistry(registryAddress: string, image: string): string {
  const slash = image.indexOf('/');
  const first = slash < 0 ? '' : image.slice(0, slash);
  const hasHost = first.includes('.') || first.includes(':') || first === 'localhost';
  const host = hasHost ? first : 'docker.io';
  const path = hasHost ? image.slice(slash + 1) : image;
  if (host !== 'ghcr.io' && host !== 'docker.io') {
    throw new KintsugiError('invalid', `images of ${host} have no local registry`, {
      where: image,
      fix: 'Name an image of ghcr.io or docker.io, or load it with `npm run cluster -- load-image FILE`.',
    });
  }
  return `${registryAddress}/${host === 'docker.io' && !path.includes('/') ? `library/${path}` : path}`;
}

/**
 * Lets a tag stand for the image that another name of the same repository stands for, as a push of that build does.
 * @param from a tag or digest in `image`'s repository
 * @returns false where there is no `from`
 */
export async function moveTag(registry: Registry, image: string, from: string): Promise<boolean> {
  const named = nameInRegistry(registry.address, image).slice(registry.address.length + 1);
  const [repository = '', tag = 'latest'] = named.split(':');
  const address = `http://${registry.address}/v2/${repository}/manifests`;
  const authorization = `Basic ${Buffer.from(`${registry.user}:${registry.password}`).toString('base64')}`;
  const accept = 'application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json';
  const found = await fetch(`${address}/${from}`, { headers: { authorization, accept } });
  if (found.status === 404) return false;
  const type = found.headers.get('content-type') ?? '';
  const body = await found.text();
  const put = await fetch(`${address}/${tag}`, {
    method: 'PUT',
    headers: { authorization, 'content-type': type },
    body,
  });
  if (found.ok && put.ok) return true;
  throw new KintsugiError('unavailable', `the registry answers ${found.status} and ${put.status}`, {
    where: image,
    fix: 'Look at the log of docker-registry.',
  });
}

/** Pushes a docker archive under its published name; layers that the registry has are not sent again. */
export async function pushToRegistry(registry: Registry, archive: string, image: string): Promise<void> {
  const target = `docker://${nameInRegistry(registry.address, image)}`;
  const folder = mkdtempSync(join(tmpdir(), 'kintsugi-registry-'));
  try {
    // In a file of our own: every user of the machine can read a command line.
    const login = join(folder, 'auth.json');
    const auth = Buffer.from(`${registry.user}:${registry.password}`).toString('base64');
    writeFileSync(login, JSON.stringify({ auths: { [registry.address]: { auth } } }), { mode: 0o600 });
    const to = ['--dest-authfile', login, '--dest-tls-verify=false'];
    await run('skopeo', ['--insecure-policy', 'copy', '-q', ...to, `docker-archive:${archive}`, target]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
