import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Logger } from '../../lib/logger.js';
import { isCode } from './binaries.js';
import { commandLineOf, isAlive, waitForEnd } from './processes.js';

/**
 * No system has a process id this high. In postmaster.pid it makes PostgreSQL treat the old server
 * as dead.
 */
const NEVER_A_PROCESS = 999_999_999;

/**
 * Stops the server that a killed process left behind. Only the holder of the folder's lock may call
 * this, because for the holder any running server is a leftover. The server is stopped rather than
 * reused, so that a server always has the settings and the lifetime of the process that uses it.
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
    // Another program has this process id now. Keep the file: from its last line, PostgreSQL checks
    // whether a child of the dead server still holds the shared memory.
    logger.info({ cluster, pid }, 'stale postmaster.pid');
    await writeFile(path, [NEVER_A_PROCESS, ...lines.slice(1)].join('\n'));
    return;
  }
  logger.info(
    { cluster, pid },
    'stopping the PostgreSQL server that a killed process left running',
  );
  if (!(await end(pid))) {
    throw new Error(
      `PostgreSQL (process ${pid}, data in ${cluster}) outlived the killed connector and cannot be stopped: stop it manually`,
    );
  }
}

async function end(pid: number): Promise<boolean> {
  // The server may already be stopping, because the system may signal the parent's death to it.
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
