import { createHash, randomUUID } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { KintsugiError } from '../../src/errors.ts';
import { ensureDebianPackages } from '../debian/packages.ts';
import { cacheFolder, type Progress } from './cache.ts';
import { findOnPath, run } from './commands.ts';
import { withLock } from './lock.ts';
import { type BinaryName, type GoRecipe, type MavenRecipe, RECIPES, type Recipe, recipeFolder } from './recipes.ts';

export type { BinaryName } from './recipes.ts';

/** The paths of the programs asked for. */
export type BinaryPaths<Name extends BinaryName> = Record<Name, string>;

/**
 * The path of a program, built first when the cache has none of its recipe.
 * Throws `unavailable` when Go or Java is missing, Maven cannot be installed, or the build fails.
 */
export async function ensureBinary(name: BinaryName, progress: Progress, signal?: AbortSignal): Promise<string> {
  return (await ensureBinaries([name], progress, signal))[name];
}

/**
 * The paths of several programs; the missing ones are built one after the other, with lines like
 * 'building kubernetes (1 of 4, about 5 min left)'. Two processes that want the same program build it once.
 */
export async function ensureBinaries<Name extends BinaryName>(
  names: readonly Name[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<BinaryPaths<Name>> {
  const missing = names.filter((name) => existingBinary(name) === undefined);
  await provideTools(missing, progress, signal);
  for (const [index, name] of missing.entries()) {
    const rest = missing.slice(index);
    const stopTelling = tellProgress(rest, index + 1, missing.length, progress);
    try {
      await buildOnce(name, progress, signal);
    } finally {
      stopTelling();
    }
  }
  return Object.fromEntries(names.map((name) => [name, builtBinary(name)])) as BinaryPaths<Name>;
}

/** The program's path when nothing has to be built: one on PATH where that is preferred, else the cached build. */
export function existingBinary(name: BinaryName): string | undefined {
  const recipe: Recipe = RECIPES[name];
  const onPath = recipe.preferOnPath === undefined ? undefined : findOnPath(recipe.preferOnPath);
  if (onPath !== undefined) return onPath;
  const path = cachedPath(name);
  return existsSync(path) ? path : undefined;
}

function builtBinary(name: BinaryName): string {
  return existingBinary(name) ?? cachedPath(name);
}

/** Changes with everything that decides the result: the recipe, the pinned versions, the sources and the machine's kind. */
export function recipeKey(name: BinaryName): string {
  const hash = createHash('sha256').update(JSON.stringify([RECIPES[name], process.platform, process.arch]));
  const folder = recipeFolder(name);
  const sources = readdirSync(folder).filter((file) => !file.endsWith('_test.go'));
  for (const file of sources.sort()) hash.update(file).update(readFileSync(join(folder, file)));
  return hash.digest('hex').slice(0, 12);
}

function cachedFolder(name: BinaryName): string {
  return join(cacheFolder(), 'bin', `${name}-${recipeKey(name)}`);
}

function cachedPath(name: BinaryName): string {
  return join(cachedFolder(name), name);
}

/** Go and Java have to be there; Maven, which a machine with Java often lacks, is installed on Debian by root. */
async function provideTools(
  missing: readonly BinaryName[],
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const name of missing) {
    const tool = RECIPES[name].kind === 'go' ? 'go' : 'java';
    if (findOnPath(tool) !== undefined) continue;
    throw new KintsugiError('unavailable', `${name} has to be built; not on PATH: ${tool}`, {
      where: 'PATH',
      fix: tool === 'go' ? 'Install Go 1.25 or newer.' : 'Install a Java runtime (17 or newer).',
      retryable: false,
    });
  }
  const needsMaven = missing.some((name) => RECIPES[name].kind === 'maven');
  if (needsMaven && findOnPath('mvn') === undefined) await ensureDebianPackages(['maven'], progress, signal);
}

async function buildOnce(name: BinaryName, progress: Progress, signal: AbortSignal | undefined): Promise<void> {
  const onWait = (pid: number) => progress(`waiting for ${name}: process ${pid} builds it already`);
  await withLock(`${cachedFolder(name)}.lock`, { onWait, signal }, async () => {
    if (existsSync(cachedPath(name))) return;
    const draft = `${cachedFolder(name)}.${randomUUID()}`;
    try {
      await build(name, draft, signal);
      renameSync(draft, cachedFolder(name));
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  });
}

async function build(name: BinaryName, folder: string, signal: AbortSignal | undefined): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const recipe: Recipe = RECIPES[name];
  if (recipe.kind === 'go') await buildWithGo(name, recipe, join(folder, name), signal);
  else await buildWithMaven(name, recipe, folder, signal);
}

async function buildWithGo(
  name: BinaryName,
  recipe: GoRecipe,
  output: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const variables = Object.entries(recipe.variables ?? {}).map(([variable, value]) => `-X ${variable}=${value}`);
  const linkerFlags = ['-s', '-w', ...variables].join(' ');
  await run('go', ['build', '-trimpath', '-buildvcs=false', '-ldflags', linkerFlags, '-o', output, recipe.package], {
    folder: recipeFolder(name),
    environment: { CGO_ENABLED: '0', GOWORK: 'off' },
    signal,
  });
  if (recipe.definitions !== undefined) await keepDefinitions(name, recipe.definitions, output);
}

/** Where a program's CustomResourceDefinitions are. */
export function definitionsBeside(program: string): string {
  return join(dirname(program), 'definitions');
}

/** The versions are those that the program was built with. */
async function keepDefinitions(
  name: BinaryName,
  { module, folder, beginning }: NonNullable<GoRecipe['definitions']>,
  program: string,
): Promise<void> {
  const environment = { GOWORK: 'off' };
  const root = await run('go', ['list', '-m', '-f', '{{.Dir}}', module], { folder: recipeFolder(name), environment });
  const [source, target] = [join(root, folder), definitionsBeside(program)];
  mkdirSync(target);
  for (const file of readdirSync(source).filter((file) => file.startsWith(beginning)))
    copyFileSync(join(source, file), join(target, file));
}

async function buildWithMaven(
  name: BinaryName,
  recipe: MavenRecipe,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const project = join(recipeFolder(name), 'pom.xml');
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${join(folder, 'lib')}`];
  await run('mvn', ['-q', '-B', '-f', project, ...goal], { signal });
  const launcher = join(folder, name);
  writeFileSync(launcher, `#!/bin/sh\nexec java -cp "$(dirname "$0")/lib/*" ${recipe.mainClass} "$@"\n`);
  chmodSync(launcher, 0o755);
}

/** Says what is built and roughly how long the rest takes, now and every 20 s; returns what ends it. */
function tellProgress(rest: readonly BinaryName[], position: number, total: number, progress: Progress): () => void {
  const started = Date.now();
  const seconds = rest.reduce((sum, name) => sum + RECIPES[name].estimatedSeconds, 0);
  const tell = () => {
    const left = Math.max(1, Math.round((seconds - (Date.now() - started) / 1000) / 60));
    progress(`building ${rest[0]} (${position} of ${total}, about ${left} min left)`);
  };
  tell();
  const timer = setInterval(tell, 20_000);
  return () => clearInterval(timer);
}
