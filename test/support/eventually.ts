import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition, never for a duration; fails after the deadline with what it last saw. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  options: { readonly withinMs?: number; readonly what?: string } = {},
): Promise<void> {
  const untilMs = Date.now() + (options.withinMs ?? 10_000);
  while (!(await condition())) {
    if (Date.now() > untilMs)
      throw new Error(
        `never came true: ${options.what ?? condition.toString()}`,
      );
    await sleep(10);
  }
}
