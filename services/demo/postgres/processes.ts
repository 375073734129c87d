import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A zombie counts as dead, because in a container it may stay for a long time. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is alive but belongs to another account.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return statOf(pid)[0] !== 'Z';
}

/** Resolves to true once the process has ended, or to false after the time limit. */
export async function waitForEnd(pid: number, limitMs: number): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) return false;
    await delay(20);
  }
  return true;
}

/**
 * Returns a process's start time, which distinguishes it from another process with the same id.
 * Empty if the system does not report it.
 */
export async function birthOf(pid: number): Promise<string> {
  return statOf(pid)[19] ?? (await askPs(pid, 'lstart='));
}

/**
 * Returns the fields of `/proc/PID/stat` that follow the program's name. The name is in brackets
 * and may contain spaces and brackets. Empty if the system is not Linux or the process does not
 * exist.
 */
function statOf(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** Returns undefined if the system does not report the command line. */
export async function commandLineOf(pid: number): Promise<string | undefined> {
  try {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return line.replaceAll('\0', ' ');
  } catch {
    return (await askPs(pid, 'command=')) || undefined;
  }
}

async function askPs(pid: number, column: string): Promise<string> {
  try {
    return (await run('ps', ['-o', column, '-p', String(pid)])).stdout.trim();
  } catch {
    return '';
  }
}
