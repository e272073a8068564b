/** Builds the layers of images as tar files, each kept in the cache under a key of what it is made of. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { ensureBinary } from '../build/binaries.ts';
import type { Progress } from '../build/cache.ts';
import { run } from '../build/commands.ts';
import { withLock } from '../build/lock.ts';
import { ensureDebianPackages } from '../debian/packages.ts';
import { fileDigest } from './archive.ts';
import type { BusyboxLayer, DebianLayer, Layer } from './catalogue.ts';

const SOURCES = import.meta.dirname;
const PYTHON_PATH = 'usr/local/lib/python3.11/dist-packages';
/** Raised when the way a layer is built changes, so that no cache keeps one of the old making. */
const RECIPE = 1;

/** A layer that is ready: its tar file and the key of its content. */
export interface BuiltLayer {
  file: string;
  key: string;
}

/**
 * Finds a layer in the cache or builds it there.
 * @param cache folder of all layers; made when missing
 * @throws when a package cannot be had: the message of the program that failed, and the layer's name
 */
export async function ensureLayer(
  layer: Layer,
  cache: string,
  progress: Progress,
  signal?: AbortSignal,
): Promise<BuiltLayer> {
  const key = await layerKey(layer, progress, signal);
  const file = join(cache, `${layer.kind}-${key.slice(0, 16)}.tar`);
  if (!existsSync(file)) {
    const onWait = (pid: number) =>
      progress(`waiting for the ${layer.kind} layer of the images: process ${pid} builds it`);
    await withLock(`${file}.lock`, { onWait, signal }, () => buildInto(file, layer, progress, signal));
  }
  return { file, key };
}

async function buildInto(
  file: string,
  layer: Layer,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (existsSync(file)) return;
  const folder = await mkdtemp(join(dirname(file), '.layer-'));
  try {
    const tar = join(folder, 'layer.tar');
    await build(layer, folder, tar, progress, signal);
    await rename(tar, file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The key of what a layer is made of: its definition and the content of every file that goes into it. */
export async function layerKey(layer: Layer, progress: Progress, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify({ RECIPE, arch: process.arch, layer }));
  if (layer.kind === 'python') hash.update(await readFile(join(SOURCES, layer.requirements)));
  if (layer.kind === 'program') hash.update(await fileDigest(await ensureBinary(layer.name, progress, signal)));
  if (layer.kind === 'files') {
    for (const { from } of layer.files) {
      for (const file of await filesBelow(join(SOURCES, from))) {
        hash.update(relative(SOURCES, file)).update(await readFile(file));
      }
    }
  }
  return hash.digest('hex');
}

async function build(
  layer: Layer,
  folder: string,
  tar: string,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (layer.kind === 'debian') return buildDebian(layer, tar, progress, signal);
  if (layer.kind === 'busybox') return buildBusybox(layer, folder, tar, progress, signal);
  const root = join(folder, 'root');
  await mkdir(root);
  if (layer.kind === 'python') await installPython(layer.requirements, root, progress, signal);
  if (layer.kind === 'program')
    await place(await ensureBinary(layer.name, progress, signal), join(root, layer.to), 0o755);
  if (layer.kind === 'files') {
    for (const { from, to } of layer.files) await place(join(SOURCES, from), join(root, to));
  }
  if (layer.kind === 'link') {
    await mkdir(dirname(join(root, layer.at)), { recursive: true });
    await symlink(layer.to, join(root, layer.at));
  }
  const owner = layer.kind === 'folder' ? layer.owner : 0;
  // Of a folder only itself goes in: its parents are the base's, and stay root's.
  const content = layer.kind === 'folder' ? `.${layer.path}` : '.';
  if (layer.kind === 'folder') await mkdir(join(root, layer.path), { recursive: true });
  await pack(root, tar, { owner, content }, signal);
}

/** The same archive whenever it is made of the same files. */
async function pack(
  root: string,
  tar: string,
  { owner = 0, content = '.' }: { owner?: number; content?: string },
  signal: AbortSignal | undefined,
): Promise<void> {
  const reproducibly = ['--sort=name', `--owner=${owner}`, `--group=${owner}`, '--numeric-owner', '--mtime=@0'];
  await run('tar', ['-cf', tar, '-C', root, ...reproducibly, content], { signal });
}

/** Busybox and its libraries, only unpacked (mmdebstrap's variant `extract`); it makes its links itself. */
async function buildBusybox(
  { suite }: BusyboxLayer,
  folder: string,
  tar: string,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> {
  await ensureDebianPackages(['mmdebstrap'], progress, signal);
  progress('building the busybox layer of the images (about 20 s)');
  const root = join(folder, 'root');
  await run('mmdebstrap', ['--variant=extract', '--format=directory', '--include=busybox', suite, root], { signal });
  await run('chroot', [root, '/bin/busybox', '--install', '-s', '/bin'], { signal });
  for (const left of ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'var/lib', 'var/cache', 'dev'])
    await rm(join(root, left), { recursive: true, force: true });
  await pack(root, tar, {}, signal);
}

/** A minimal Debian without documentation, Perl and rare encodings. mmdebstrap(1). */
async function buildDebian(
  { suite, packages }: DebianLayer,
  tar: string,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> {
  await ensureDebianPackages(['mmdebstrap'], progress, signal);
  progress(`building the Debian layer of the images (${packages.join(', ')}; about 30 s)`);
  const left = ['share/man', 'share/doc', 'share/locale', 'share/info', 'lib/*/gconv'];
  const recipe = [
    '--variant=essential',
    // With /usr merged from the start `usrmerge` is not needed, which would bring 60 MB of Perl.
    '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
    `--include=${['usr-is-merged', ...packages].join(',')}`,
    '--aptopt=APT::Install-Recommends "false"',
    ...left.map((path) => `--dpkgopt=path-exclude=/usr/${path}/*`),
  ];
  await run('mmdebstrap', [...recipe, suite, tar], { signal });
}

/** The pinned packages as wheels for the image's Python, whatever Python this machine has, and compiled for it. */
async function installPython(
  requirements: string,
  root: string,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> {
  await ensureDebianPackages(['python3', 'python3-pip'], progress, signal);
  progress(`installing the Python packages of ${requirements}`);
  const target = join(root, PYTHON_PATH);
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const platforms = ['manylinux2014', 'manylinux_2_28', 'manylinux_2_34'].map((name) => `${name}_${machine}`);
  const wheels = [
    ...['--only-binary=:all:', '--implementation=cp', '--python-version=3.11'],
    ...platforms.map((platform) => `--platform=${platform}`),
    ...['cp311', 'abi3', 'none'].map((abi) => `--abi=${abi}`),
  ];
  const quietly = ['--quiet', '--no-deps', '--no-compile', '--root-user-action=ignore'];
  const from = ['--requirement', join(SOURCES, requirements)];
  const install = ['-m', 'pip', 'install', ...quietly, ...wheels, '--target', target, ...from];
  await run('/usr/bin/python3', install, { signal });
  await moveScripts(target, join(root, 'usr/local/bin'));
  // By hash and not by time: the layer's files all get the same time.
  const compile = ['-m', 'compileall', '-q', '--invalidation-mode', 'unchecked-hash', '-s', root, '-p', '/', root];
  await run('/usr/bin/python3', compile, { signal });
}

/** pip puts programs beside the packages and names this machine's Python in its scripts; the image has its own. */
async function moveScripts(target: string, bin: string): Promise<void> {
  await mkdir(bin, { recursive: true });
  for (const name of await readdir(join(target, 'bin'))) {
    const program = await readFile(join(target, 'bin', name));
    const isScript = program.subarray(0, 2).toString() === '#!';
    const end = program.indexOf('\n');
    const placed = isScript ? Buffer.concat([Buffer.from('#!/usr/bin/python3'), program.subarray(end)]) : program;
    await writeFile(join(bin, name), placed);
    await chmod(join(bin, name), 0o755);
  }
  await rm(join(target, 'bin'), { recursive: true });
}

async function place(from: string, to: string, mode?: number): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to, { recursive: true, filter: (source) => !source.includes('__pycache__') });
  if (mode !== undefined) await chmod(to, mode);
}

async function filesBelow(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.includes('__pycache__'));
  return files.map((entry) => join(entry.parentPath, entry.name)).sort();
}
