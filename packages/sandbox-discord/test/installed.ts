import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);
const home = join(import.meta.dirname, '..');
const dependencies = ['discord-api-types', 'ws', 'zod'].map((name) =>
  join(home, '../../node_modules', name),
);

/** This Node first: the command's own first line asks for the one on the PATH. */
const env = {
  ...process.env,
  PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
};

export interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** The package as others get it, in a folder that had nothing in it. */
export interface Installed {
  readonly folder: string;
  readonly packed: Packed;
  remove(): Promise<void>;
}

/** Installs the package, and others by name and version from the registry if any are given. */
export async function installPackage(others: readonly string[] = []): Promise<Installed> {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-discord-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const packed = await pack(folder);
    // Without a registry, its dependencies are copied from this repository's.
    const given = others.length > 0 ? others : ['--offline', '--install-links', ...dependencies];
    await npm(folder, 'install', `./${packed.filename}`, ...given);
    return { folder, packed, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function pack(into: string): Promise<Packed> {
  const stdout = await npm(home, 'pack', '--json', '--pack-destination', into);
  const [packed]: readonly Packed[] = JSON.parse(stdout.slice(stdout.indexOf('[')));
  if (!packed) throw new Error('nothing was packed');
  return packed;
}

async function npm(folder: string, ...words: readonly string[]): Promise<string> {
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const { stdout } = await run('npm', [...words, ...quiet], { cwd: folder, env });
  return stdout;
}

export interface RunningCommand {
  /** Everything printed so far. */
  readonly printed: () => string;
  /** SIGTERM. Resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** The installed command, started; resolves once it has printed how to reach it. */
export async function startCommand(
  folder: string,
  ...words: readonly string[]
): Promise<RunningCommand> {
  const command = join(folder, 'node_modules/.bin/sandbox-discord');
  const child = spawn(command, words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const lines: string[] = [];
  const isUp = new Promise<void>((resolve, reject) => {
    for (const input of [child.stdout, child.stderr])
      createInterface({ input }).on('line', (line) => {
        lines.push(line);
        if (line.includes('curl')) resolve();
      });
    ended.then(() => reject(new Error(`the command ended: ${lines.join('\n')}`)), reject);
  });
  await isUp;
  return {
    printed: () => lines.join('\n'),
    stop() {
      child.kill();
      return ended;
    },
  };
}

/** The command, for a start that must fail. */
export async function runCommand(
  folder: string,
  ...words: readonly string[]
): Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }> {
  const command = join(folder, 'node_modules/.bin/sandbox-discord');
  return run(command, words, { cwd: folder, env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}
