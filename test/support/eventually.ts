import { availableParallelism, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** On a machine that does nothing else. Only a condition that never comes true takes this long. */
const QUIET_MS = 60_000;
/**
 * The condition must fail before its test does, because only the condition says what was missing.
 */
const LONGEST_MS = 360_000;

/**
 * The limit of a test or hook that starts processes or waits for conditions; vitest.config.ts sets
 * it.
 */
export const TEST_LIMIT_MS = 900_000;

/**
 * How long a test waits for a condition or a process: the one deadline of all tests. It grows with
 * the load: at a load of 10 on two cores a start of the service, 2 s on a quiet machine, takes 25
 * to 55 s. An integer, because Node's timeouts accept nothing else.
 */
export function patienceMs(): number {
  const [load = 0] = loadavg();
  const slowness = Math.max(1, load / availableParallelism());
  return Math.ceil(Math.min(QUIET_MS * slowness, LONGEST_MS));
}

/**
 * Waits for a condition, never for a duration. Fails after the deadline and names the condition.
 */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  options: {
    /** For measurements, which know how long their work takes. Tests leave it out. */
    readonly withinMs?: number;
    readonly what?: string;
  } = {},
): Promise<void> {
  const startedMs = Date.now();
  while (!(await condition())) {
    // Asked again each time, because the load average lags behind a burst of work.
    if (Date.now() - startedMs > (options.withinMs ?? patienceMs()))
      throw new Error(`never came true: ${options.what ?? condition.toString()}`);
    await sleep(10);
  }
}
