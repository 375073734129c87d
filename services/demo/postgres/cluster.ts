import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  lchown,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';

import { writeWhole } from '../whole-file.js';
import { isCode } from './binaries.js';
import { spawnIdentity, type Footing } from './run-as.js';

export const DATABASE = 'discord_connector';
export const SUPERUSER = 'postgres';

export type Auth = 'password' | 'trust';

interface ClusterOptions {
  readonly footing: Footing;
  readonly auth: Auth;
  /**
   * Where the password is stored: never inside the cluster, which may belong to another account.
   */
  readonly passwordFile: string;
  /** False: nothing is flushed to disk, so a power cut may destroy the new cluster. */
  readonly isDurable: boolean;
}

/**
 * Creates the cluster at the first start and checks it at later ones. A new cluster is created
 * under a temporary name and renamed when complete, so an interrupted start leaves nothing that
 * looks like data.
 */
export async function prepareCluster(
  options: ClusterOptions,
): Promise<{ readonly cluster: string; readonly password?: string }> {
  const { footing, auth, passwordFile } = options;
  const cluster = join(footing.dataDir, 'cluster');
  const before = await readPassword(passwordFile);
  const password = auth === 'trust' ? undefined : (before ?? (await newPassword(passwordFile)));
  await removeHalfMade(footing.dataDir);

  const major = await readIfThere(join(cluster, 'PG_VERSION'));
  if (major === undefined) {
    await make(options, cluster, password);
  } else {
    refuseOtherMajor(cluster, major.trim(), footing.major);
    await giveTo(cluster, footing.runAs.ownerUid);
    if (password !== undefined && before === undefined) {
      await runSql(footing, cluster, true, passwordSql(password));
    }
  }
  return password === undefined ? { cluster } : { cluster, password };
}

async function make(
  options: ClusterOptions,
  cluster: string,
  password: string | undefined,
): Promise<void> {
  const { footing, auth, isDurable } = options;
  const half = await mkdtemp(join(footing.dataDir, 'cluster.new-'));
  await giveTo(half, footing.runAs.ownerUid);
  await runProgram(footing, footing.binaries.initdb, [
    '-D',
    half,
    '--username',
    SUPERUSER,
    '--encoding=UTF8',
    '--locale=C',
    // No server listens until `demandPassword` has replaced this rule.
    '--auth=trust',
    ...(isDurable ? [] : ['--no-sync']),
  ]);
  await runSql(footing, half, isDurable, [
    `create database ${DATABASE}`,
    ...(password === undefined ? [] : passwordSql(password)),
  ]);
  if (auth !== 'trust') await demandPassword(half);
  await refuseForeignFolder(cluster);
  await rename(half, cluster);
}

/** The random password is hexadecimal, so it needs no quoting. */
function passwordSql(password: string): readonly string[] {
  return [`alter role ${SUPERUSER} password '${password}'`];
}

async function demandPassword(cluster: string): Promise<void> {
  const rule = 'host all all 127.0.0.1/32 scram-sha-256\n';
  await writeFile(join(cluster, 'pg_hba.conf'), rule);
}

async function newPassword(path: string): Promise<string> {
  const password = randomBytes(24).toString('hex');
  await writeWhole(path, password);
  return password;
}

/**
 * Returns undefined if the password is missing or incomplete; the caller then creates a new one.
 */
async function readPassword(path: string): Promise<string | undefined> {
  const text = await readIfThere(path);
  return text !== undefined && /^[0-9a-f]{48}$/.test(text) ? text : undefined;
}

function refuseOtherMajor(cluster: string, theirs: string, ours: number): void {
  if (theirs === String(ours)) return;
  throw new Error(
    `${cluster} was created by PostgreSQL ${theirs}, and the embedded version ${ours} cannot read it: dump and restore it with PostgreSQL ${theirs}, move it away to start with an empty database, or set DATABASE_URL`,
  );
}

async function refuseForeignFolder(cluster: string): Promise<void> {
  const found = await readdir(cluster).catch(() => []);
  if (found.length === 0) return;
  throw new Error(`${cluster} is not empty and holds no PostgreSQL data: move it away`);
}

/**
 * Deletes clusters that an interrupted start left incomplete. The caller holds the folder's lock,
 * so no other process is creating one.
 */
async function removeHalfMade(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  const names = await readdir(dataDir);
  for (const name of names.filter((name) => name.startsWith('cluster.new-'))) {
    // A killed initdb may keep writing for some milliseconds.
    await rm(join(dataDir, name), { recursive: true, maxRetries: 5 });
  }
}

async function giveTo(folder: string, uid: number | undefined): Promise<void> {
  if (uid === undefined || (await stat(folder)).uid === uid) return;
  const names = await readdir(folder, { recursive: true });
  await Promise.all(names.map((name) => lchown(join(folder, name), uid, uid)));
  // Change the folder's owner last, because it marks all files in the folder as done.
  await lchown(folder, uid, uid);
}

/** Runs SQL in the cluster in single-user mode, which opens no port and needs no password. */
async function runSql(
  footing: Footing,
  cluster: string,
  isDurable: boolean,
  statements: readonly string[],
): Promise<void> {
  const args = [
    '--single',
    '-D',
    cluster,
    '-c',
    'exit_on_error=true',
    ...(isDurable ? [] : ['-F']),
    'postgres',
  ];
  const input = statements.map((statement) => `${statement}\n`).join('');
  await runProgram(footing, footing.binaries.postgres, args, input);
}

async function runProgram(
  footing: Footing,
  program: string,
  programArgs: readonly string[],
  input = '',
): Promise<void> {
  const { runAs } = footing;
  const words = [...runAs.prefix, program, ...programArgs];
  const [file = '', ...args] = words;
  const child = spawn(file, args, {
    cwd: '/',
    detached: true, // Ctrl-C must reach only the service, which then stops its children in order
    ...spawnIdentity(runAs),
  });
  let said = '';
  child.stdout.resume();
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdin.on('error', () => undefined); // the program ended first; its exit code shows why
  child.stdin.end(input);
  const code = await new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
  if (code === 0) return;
  throw new Error(`${program} ended with ${code}: ${said.trim()}`);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
