import { execFile, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A child that the system ends when this process dies, however it dies, where the system can. */
export async function spawnBound(
  words: readonly string[],
  options: SpawnOptions,
): Promise<ChildProcess> {
  canBind ??= run(BOUND[0], [...BOUND.slice(1), 'true']).then(
    () => true,
    () => false,
  );
  const [file = '', ...args] = (await canBind) ? [...BOUND, ...words] : words;
  return spawn(file, args, options);
}

const BOUND = ['setpriv', '--pdeathsig', 'KILL', '--'] as const;

/** Cached, because a test file may start a hundred child processes. */
let canBind: Promise<boolean> | undefined;

/** Asks, and after `limitMs` insists. Resolves when the process is gone. */
export async function endChild(child: ChildProcess, limitMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  const timer = new AbortController();
  if (limitMs > 0) child.kill('SIGTERM');
  await Promise.race([ended, delay(limitMs, undefined, timer)]);
  timer.abort();
  child.kill('SIGKILL');
  await ended;
}

/** Calls back if the process exits unexpectedly. Returns a function that ends it with `endChild`. */
export function watchDeath(
  child: ChildProcess,
  onDeath: (how: string) => void,
): (limitMs: number) => Promise<void> {
  let isExpected = false;
  child.once('exit', (code, signal) => {
    if (!isExpected) onDeath(`exited unexpectedly (${signal ?? `code ${code}`})`);
  });
  return async (limitMs) => {
    isExpected = true;
    await endChild(child, limitMs);
  };
}
