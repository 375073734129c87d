import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  copyFile,
  glob,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { build } from 'esbuild';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

/**
 * Child processes that run only the path. Tests start each of them dozens of times for a second or
 * two, and loading a thousand modules took half of that. Bundled into one file they load in a third
 * of the time. The service itself is not bundled, as in production.
 */
const SINGLE_FILES = ['test/support/crash-child.js', 'test/chaos/path-child.js'];

/** Another run may still be using what was made from sources of a moment ago. */
const KEPT_MS = 60 * 60_000;

/**
 * The project as JavaScript, for tests that start it as a process of its own: that is up twice as
 * soon as with a loader. Named by what it was made from, and there only when it is complete, so
 * that test files may all ask at once.
 */
export function compiledProject(): Promise<string> {
  return (compiled ??= makeOrFind());
}

/** A test file asks once for each process that it starts. */
let compiled: Promise<string> | undefined;

async function makeOrFind(): Promise<string> {
  const cache = join(root, '.cache', 'compiled');
  const home = join(cache, await fingerprint());
  if (existsSync(home)) return home;

  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(`${home}.new-`);
  await compile(draft);
  // What tests import of it was compiled too; processes read the files themselves.
  await rm(join(draft, 'schema'), { recursive: true, force: true });
  await symlink(join(root, 'schema'), join(draft, 'schema'));
  await linkSandbox(draft);
  await Promise.all(SINGLE_FILES.map((script) => bundle(join(draft, script))));
  try {
    await rename(draft, home);
  } catch (error) {
    await rm(draft, { recursive: true });
    if (!existsSync(home)) throw error;
  }
  await forgetOld(cache, home);
  return home;
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  const sources: string[] = [];
  for await (const path of glob('{services,test/chaos,test/support,packages/*/src}/**/*.ts', {
    cwd: root,
  }))
    sources.push(path);
  for (const path of sources.sort()) {
    hash.update(path).update(await readFile(join(root, path)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Types are another step's to check. */
async function compile(folder: string): Promise<void> {
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  const project = ['-p', join(root, 'tsconfig.json'), '--noEmit', 'false'];
  const output = ['--noCheck', '--rootDir', root, '--outDir', folder];
  await run(process.execPath, [tsc, ...project, ...output]);
}

/** Bundles a script with all its modules into one file. */
async function bundle(script: string): Promise<void> {
  await build({
    entryPoints: [script],
    outfile: script,
    allowOverwrite: true,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // MikroORM identifies its loaded extensions by class name and would load them a second time.
    keepNames: true,
    // Optional dependencies of packages, not installed here.
    external: ['class-validator', 'pg-native'],
    // CommonJS packages load Node's built-in modules with `require`.
    banner: {
      js: "import nodeModule from 'node:module'; const require = nodeModule.createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
}

/** The service imports the sandbox Discord by name: it is to find the one compiled beside it. */
async function linkSandbox(folder: string): Promise<void> {
  const home = join(folder, 'packages', 'sandbox-discord');
  await copyFile(join(root, 'packages/sandbox-discord/package.json'), join(home, 'package.json'));
  await symlink('src', join(home, 'dist'));
  await mkdir(join(folder, 'node_modules'));
  await symlink('../packages/sandbox-discord', join(folder, 'node_modules', 'sandbox-discord'));
}

async function forgetOld(cache: string, home: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const folder = join(cache, name);
    const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Infinity }));
    if (folder !== home && Date.now() - mtimeMs > KEPT_MS)
      await rm(folder, { recursive: true, force: true });
  }
}
