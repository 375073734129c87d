import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { isCode } from './binaries.js';
import { birthOf, isAlive } from './processes.js';

/**
 * Allows one process per data folder and returns a function that unlocks it. PostgreSQL itself
 * never lets two servers use one cluster. This lock distinguishes a living owner (a clear error)
 * from a killed one, whose server is a leftover that may be stopped.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'lock');
  const mine = `${process.pid} ${await birthOf(process.pid)}`;
  for (let tries = 0; tries < 20; tries += 1) {
    if (await create(path, mine)) return async () => release(path, mine);
    const theirs = await read(path);
    if (theirs === undefined) continue; // released just now
    await refuseIfAlive(folder, theirs);
    await takeAway(path, theirs);
  }
  throw new Error(`cannot lock ${folder}: other processes keep taking it`);
}

/**
 * Writes a draft and links it, so that an incomplete lock is never read. Returns false if the lock
 * exists.
 */
async function create(path: string, mine: string): Promise<boolean> {
  const draft = `${path}.${process.pid}.${crypto.randomUUID()}`;
  await writeFile(draft, mine, { mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await unlink(draft);
  }
}

async function refuseIfAlive(folder: string, theirs: string): Promise<void> {
  const [pid = '', birth = ''] = theirs.split(/ (.*)/);
  // A lock file emptied by a power cut names no process.
  const isTheirs =
    Number(pid) > 0 && isAlive(Number(pid)) && (await birthOf(Number(pid))) === birth;
  if (!isTheirs) return;
  throw new Error(
    `the embedded PostgreSQL in ${folder} is in use by process ${pid}: stop that process, or set DATABASE_URL`,
  );
}

/**
 * Removes a dead owner's lock. Two processes may find the same dead owner: if one has moved away
 * the other's new lock, it puts that lock back.
 */
async function takeAway(path: string, dead: string): Promise<void> {
  const aside = `${path}.dead.${process.pid}.${crypto.randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    throw error;
  }
  if ((await read(aside)) !== dead) {
    await link(aside, path).catch(() => undefined);
  }
  await unlink(aside);
}

async function release(path: string, mine: string): Promise<void> {
  if ((await read(path)) === mine) await unlink(path);
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
