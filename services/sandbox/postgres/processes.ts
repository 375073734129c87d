import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A dead process that nobody has collected yet counts as dead: in a container that may last. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, but is somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return statOf(pid)[0] !== 'Z';
}

/** True once it is gone, false when the time is over. */
export async function waitForEnd(pid: number, limitMs: number): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) return false;
    await delay(20);
  }
  return true;
}

/**
 * When a process began, so that another one under the same number is told apart. Empty where the
 * system does not say.
 */
export async function birthOf(pid: number): Promise<string> {
  return statOf(pid)[19] ?? (await askPs(pid, 'lstart='));
}

/**
 * Linux: the fields after the program's name, which stands in brackets and may itself hold spaces
 * and brackets.
 */
function statOf(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** Undefined where the system does not say. */
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
