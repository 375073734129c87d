import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Logger } from '../../lib/logger.js';
import { isCode } from './binaries.js';
import { commandLineOf, isAlive, waitForEnd } from './processes.js';

/**
 * Above every system's highest process number, so PostgreSQL takes the file for one that a dead
 * server left.
 */
const NEVER_A_PROCESS = 999_999_999;

/**
 * Ends the server that a killed process has left behind. To be called by the holder of the folder's
 * lock only: to them any running server is a leftover. It is ended and not taken over, so that a
 * server always has the settings, and dies with the life, of the process that uses it.
 */
export async function endLeftoverServer(options: {
  readonly cluster: string;
  readonly logger: Logger;
}): Promise<void> {
  const { cluster, logger } = options;
  const path = join(cluster, 'postmaster.pid');
  const lines = await readLines(path);
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return;

  if (!(await isServerOf(cluster, pid))) {
    // The number has gone to another program since. The file stays: its last line tells PostgreSQL
    // whether a child of the dead server still holds the shared memory.
    logger.info({ cluster, pid }, 'stale postmaster.pid');
    await writeFile(path, [NEVER_A_PROCESS, ...lines.slice(1)].join('\n'));
    return;
  }
  logger.info({ cluster, pid }, 'stopping the server of a killed process');
  if (!(await end(pid))) {
    throw new Error(
      `PostgreSQL process ${pid} in ${cluster} was left behind by a killed process and does not stop: stop it by hand`,
    );
  }
}

async function end(pid: number): Promise<boolean> {
  // Where the system tells a server of its parent's death it is already on its way.
  if (await waitForEnd(pid, 500)) return true;
  process.kill(pid, 'SIGINT');
  if (await waitForEnd(pid, 10_000)) return true;
  process.kill(pid, 'SIGQUIT');
  return waitForEnd(pid, 5_000);
}

async function isServerOf(cluster: string, pid: number): Promise<boolean> {
  const command = await commandLineOf(pid);
  return command === undefined || (command.includes('postgres') && command.includes(cluster));
}

async function readLines(path: string): Promise<readonly string[]> {
  try {
    return (await readFile(path, 'utf8')).split('\n');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  }
}
