import { createBell, type Bell } from './bell.js';
import type { Told } from './stream.js';

/** A look at the most so often a subscriber: what happens between two is in the second. */
export const PACE_MS = 250;

/**
 * Looks whenever the bell is rung, and now and then without: rights may end, and a connection that tells of changes may have died
 * without a word. It looks for the next value only when the last one was taken, so who reads slowly is waited for, not queued for.
 */
export async function* watch<Value>(deps: {
  readonly bell: Bell;
  readonly lookAgainMs: number;
  /** What there is to tell now. Called again after a fault, it goes on where it was. */
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
