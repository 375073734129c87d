import { createBell, type Bell } from './bell.js';
import type { Told } from './stream.js';

/** A look at the most so often a subscriber: what happens between two is in the second. */
export const PACE_MS = 250;

/**
 * Reads on every notification, and now and then without one: permissions may end, and a
 * notification connection may die silently. It reads the next value only after the last one was
 * consumed, so a slow reader causes no queue.
 */
export async function* watch<Value>(deps: {
  readonly bell: Bell;
  readonly lookAgainMs: number;
  /** The current changes. After an error the next call continues where this one stopped. */
  readonly look: () => AsyncGenerator<Value, void>;
  /** Why there is to be no more; null: go on. */
  readonly endOf: () => Promise<Error | null>;
  /** A look failed; it is tried again. */
  readonly onFailure: (error: unknown) => void;
  readonly signal: AbortSignal;
}): AsyncGenerator<Told<Value>, void> {
  const { bell, signal } = deps;
  const pause = createBell();
  while (!signal.aborted) {
    await bell.wait(deps.lookAgainMs, signal);
    if (signal.aborted) return;
    const fault = await deps.endOf();
    if (fault !== null) {
      yield { fault };
      return;
    }
    const values = deps.look();
    try {
      for await (const value of values) yield { value };
    } catch (error) {
      deps.onFailure(error);
      bell.ring();
      await pause.wait(4 * PACE_MS, signal);
    }
    await pause.wait(PACE_MS, signal);
  }
}
