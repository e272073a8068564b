import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { KintsugiError } from '../../src/errors.ts';
import { cacheFolder, type Progress } from '../build/cache.ts';
import { findOnPath, run } from '../build/commands.ts';
import { withLock } from '../build/lock.ts';

/** Debian asks this program whether a package may start its service (invoke-rc.d(8)); 101 means no. */
const POLICY_FILE = '/usr/sbin/policy-rc.d';
const POLICY_MARK = '# written by Kintsugi while it installs packages';
const NO_SERVICE_STARTS = `#!/bin/sh\n${POLICY_MARK}\nexit 101\n`;

/**
 * Installs those Debian packages that are missing, without starting their services.
 * Throws `unavailable`, naming what is missing, on a machine that is no Debian or without root's rights.
 */
export async function ensureDebianPackages(
  names: readonly string[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  const missing = await missingDebianPackages(names);
  if (missing.length === 0) return;
  requireDebianRoot(missing);
  const onWait = (pid: number) => progress(`waiting for process ${pid}, which installs packages`);
  await withLock(join(cacheFolder(), 'debian-packages.lock'), { onWait, signal }, async () => {
    const stillMissing = await missingDebianPackages(missing);
    if (stillMissing.length > 0) await install(stillMissing, progress, signal);
  });
}

/** Those of the packages that are not installed; all of them where there is no dpkg. */
export async function missingDebianPackages(names: readonly string[]): Promise<string[]> {
  if (findOnPath('dpkg-query') === undefined) return [...names];
  // dpkg-query ends with 1 when it does not know a name: its answer about the others still counts.
  const answer = await execa('dpkg-query', ['-W', `-f=\${db:Status-Status} \${Package}\n`, ...names], {
    reject: false,
  });
  const installed = new Set(answer.stdout.split('\n'));
  return names.filter((name) => !installed.has(`installed ${name}`));
}

function requireDebianRoot(missing: readonly string[]): void {
  const isDebian = findOnPath('apt-get') !== undefined;
  if (isDebian && process.getuid?.() === 0) return;
  const reason = isDebian ? 'only root can install them' : 'this machine has no apt-get';
  throw new KintsugiError('unavailable', `missing Debian packages: ${missing.join(' ')} (${reason})`, {
    where: 'this machine',
    fix: isDebian
      ? `Run: sudo apt-get install ${missing.join(' ')}`
      : 'Install the same programs by hand, or use Debian.',
    retryable: false,
  });
}

async function install(names: readonly string[], progress: Progress, signal: AbortSignal | undefined): Promise<void> {
  progress(`installing Debian packages (about 1 min): ${names.join(' ')}`);
  const options = { environment: { DEBIAN_FRONTEND: 'noninteractive' }, signal };
  const patience = ['-o', 'DPkg::Lock::Timeout=300'];
  const forbidden = forbidServiceStarts();
  try {
    await run('apt-get', [...patience, '-qq', 'update'], options);
    const keepConfiguration = ['-o', 'Dpkg::Options::=--force-confold'];
    await run(
      'apt-get',
      [...patience, ...keepConfiguration, '-qq', '-y', '--no-install-recommends', 'install', ...names],
      options,
    );
  } finally {
    forbidden.restore();
  }
}

/** Keeps services from starting until `restore`, which brings an own policy of the machine back. */
function forbidServiceStarts(file = POLICY_FILE): { restore: () => void } {
  const saved = `${file}.kintsugi-saved`;
  // A saved file means that an earlier run was killed: what stands in its place now is ours, not the machine's.
  if (existsSync(file) && !existsSync(saved) && !readFileSync(file, 'utf8').includes(POLICY_MARK)) {
    renameSync(file, saved);
  }
  writeFileSync(file, NO_SERVICE_STARTS);
  chmodSync(file, 0o755);
  return {
    restore: () => {
      if (existsSync(saved)) renameSync(saved, file);
      else rmSync(file, { force: true });
    },
  };
}
