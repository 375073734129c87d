import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, lstat, mkdir, rename, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { Logger } from '../../lib/logger.js';
import { binariesIn, type PostgresBinaries } from './binaries.js';

const run = promisify(execFile);

/**
 * The user id of the unprivileged account `nobody`, on every Unix except macOS, where people do not
 * run as root.
 */
const NOBODY = 65_534;

/** A way to start PostgreSQL's programs, which refuse to run as root. */
export interface RunAs {
  /**
   * Commands in front of the program. Each is replaced by the next (exec), so the spawned process
   * id stays the same.
   */
  readonly prefix: readonly string[];
  /** The user id to spawn with; unset if the prefix changes the user. */
  readonly spawnUid?: number;
  /** The user id that must own the data; unset: the current owner. */
  readonly ownerUid?: number;
}

export interface Footing {
  readonly runAs: RunAs;
  readonly binaries: PostgresBinaries;
  readonly dataDir: string;
  readonly major: number;
}

interface Place {
  readonly binaries: PostgresBinaries;
  readonly dataDir: string;
}

/**
 * Returns the first way that works, by trying each: access to folders, user namespaces and
 * available tools cannot be determined otherwise. Each try takes about 10 ms.
 */
export async function findFooting(
  place: Place & {
    readonly logger: Logger;
    readonly ways?: readonly RunAs[];
  },
): Promise<Footing> {
  const { logger, ways = waysOf(process.getuid?.()), ...here } = place;
  const failures: string[] = [];
  const found = await firstThatRuns(here, ways, failures);
  if (found) return found;
  if (process.getuid?.() === 0) {
    // Neither the unprivileged account nor a namespace can reach the folders: they are in a
    // root-owned 0700 folder, and namespaces are refused.
    const copy = await copyToTemporary(here);
    logger.warn(
      { from: here.dataDir, to: copy.dataDir },
      'PostgreSQL refuses to run as root and no other account can access its folder, running from a copy in the temporary folder',
    );
    const moved = await firstThatRuns(copy, asNobody, failures);
    if (moved) return moved;
  }
  throw new Error(
    `the embedded PostgreSQL cannot run on this machine; set DATABASE_URL instead. Tried: ${failures.join('; ')}`,
  );
}

// The kernel sends this signal to the server when its parent dies for any reason. The server then
// does a fast shutdown.
const diesWithParent = ['setpriv', '--pdeathsig', 'INT'];
const inNamespace = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'];

export const asNobody: readonly RunAs[] = [
  {
    prefix: [
      ...diesWithParent,
      '--reuid',
      String(NOBODY),
      '--regid',
      String(NOBODY),
      '--clear-groups',
      '--',
    ],
    ownerUid: NOBODY,
  },
  { prefix: [], spawnUid: NOBODY, ownerUid: NOBODY },
];

/**
 * Runs PostgreSQL in a user namespace where root appears as an ordinary user. PostgreSQL accepts
 * that user, and the process can still access root's 0700 folders.
 */
export const asRootElsewhere: readonly RunAs[] = [
  { prefix: [...diesWithParent, '--', ...inNamespace], ownerUid: 0 },
  { prefix: inNamespace, ownerUid: 0 },
];

const asMyself: readonly RunAs[] = [{ prefix: [...diesWithParent, '--'] }, { prefix: [] }];

function waysOf(uid: number | undefined): readonly RunAs[] {
  return uid === 0 ? [...asNobody, ...asRootElsewhere] : asMyself;
}

async function firstThatRuns(
  place: Place,
  ways: readonly RunAs[],
  failures: string[],
): Promise<Footing | undefined> {
  for (const runAs of ways) {
    try {
      return { ...place, runAs, major: await majorVersion(place, runAs) };
    } catch (error) {
      const words = [...runAs.prefix, 'postgres'].join(' ');
      failures.push(`"${words}": ${lastLine(error)}`);
    }
  }
  return undefined;
}

async function majorVersion(place: Place, runAs: RunAs): Promise<number> {
  const { postgres } = place.binaries;
  // The shell enters the data folder after the user is switched; spawn would enter its cwd before
  // that.
  const probe =
    process.platform === 'win32'
      ? [postgres, '--version']
      : ['sh', '-c', 'cd -- "$0" && exec "$1" --version', place.dataDir, postgres];
  const [file = '', ...args] = [...runAs.prefix, ...probe];
  const { stdout } = await run(file, args, {
    cwd: '/',
    ...spawnIdentity(runAs),
  });
  const major = /PostgreSQL\) (\d+)/.exec(stdout)?.[1];
  if (major === undefined) throw new Error(`unknown version: ${stdout}`);
  return Number(major);
}

export function spawnIdentity(runAs: RunAs): { uid?: number; gid?: number } {
  return runAs.spawnUid === undefined ? {} : { uid: runAs.spawnUid, gid: runAs.spawnUid };
}

async function copyToTemporary(place: Place): Promise<Place> {
  const id = createHash('sha256').update(place.dataDir).digest('hex');
  const root = join(tmpdir(), `discord-connector-postgres-${id.slice(0, 12)}`);
  await mkdir(root, { recursive: true, mode: 0o755 });
  const made = await lstat(root);
  if (!made.isDirectory() || made.uid !== 0) {
    throw new Error(`${root} belongs to another user: remove it`);
  }
  const { mtimeMs } = await lstat(place.binaries.postgres);
  const home = join(root, `native-${Math.floor(mtimeMs)}`);
  if (!existsSync(home)) {
    const half = `${home}.new`;
    await rm(half, { recursive: true, force: true });
    await cp(place.binaries.home, half, {
      recursive: true,
      verbatimSymlinks: true,
    });
    await rename(half, home);
  }
  const dataDir = join(root, 'data');
  await mkdir(dataDir, { recursive: true, mode: 0o755 });
  return { binaries: binariesIn(home), dataDir };
}

function lastLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split('\n').at(-1) ?? '';
}
