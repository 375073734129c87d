/**
 * What a subscriber is sent: a value, or the fault that ends it. Thrown instead, the fault would
 * break the connection off without a word.
 */
export type Published<Value> =
  | { readonly value: Value; readonly fault?: never }
  | { readonly fault: Error; readonly value?: never };

export interface Stream<Value> extends AsyncIterableIterator<Value> {
  return(): Promise<IteratorResult<Value>>;
}

/**
 * A generator that can be ended while it waits. A plain generator cannot: `return` queues behind
 * the wait, and the process would serve a closed browser until the next record.
 */
export function createStream<Value>(deps: {
  readonly run: (signal: AbortSignal) => AsyncGenerator<Value, void>;
  /** Called exactly once, however the stream ends, even before it started. */
  readonly onEnd: () => void;
}): Stream<Value> {
  const over = new AbortController();
  const values = deps.run(over.signal);
  const end = () => {
    if (over.signal.aborted) return;
    over.abort();
    deps.onEnd();
    values.return().catch(() => undefined);
  };
  const stream: Stream<Value> = {
    async next() {
      if (over.signal.aborted) return { done: true, value: undefined };
      try {
        const result = await values.next();
        if (result.done === true) end();
        return result;
      } catch (error) {
        end();
        throw error;
      }
    },
    async return() {
      end();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => stream,
  };
  return stream;
}

/** A look at the most so often a subscriber: what happens between two is in the second. */
const PACE_MS = 250;

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
}): AsyncGenerator<Published<Value>, void> {
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

export interface Bell {
  ring(): void;
  /**
   * Resolves if notified since the last wait, else after `withinMs`, else when the signal aborts.
   */
  wait(withinMs: number, signal: AbortSignal): Promise<void>;
}

/**
 * However often it is rung meanwhile, who waits wakes once: a storm of notices is one reason to
 * look.
 */
export function createBell(): Bell {
  let isRung = false;
  let wake: (() => void) | null = null;
  return {
    ring() {
      isRung = true;
      wake?.();
    },
    async wait(withinMs, signal) {
      if (!isRung && !signal.aborted)
        await new Promise<void>((resolve) => {
          const done = () => {
            clearTimeout(timer);
            signal.removeEventListener('abort', done);
            wake = null;
            resolve();
          };
          const timer = setTimeout(done, withinMs);
          signal.addEventListener('abort', done);
          wake = done;
        });
      isRung = false;
    },
  };
}
