/**
 * An event for a subscriber: a value, or the error that ends the subscription. A thrown error would
 * close the connection without a message, so errors are sent as events.
 */
export type Published<Value> =
  | { readonly value: Value; readonly fault?: never }
  | { readonly fault: Error; readonly value?: never };

export interface Stream<Value> extends AsyncIterableIterator<Value> {
  return(): Promise<IteratorResult<Value>>;
}

/**
 * Wraps a generator so that it can be ended while it waits. A plain generator handles `return` only
 * after its current wait, so the process would keep serving a closed browser until the next change.
 */
export function createStream<Value>(deps: {
  readonly run: (signal: AbortSignal) => AsyncGenerator<Value, void>;
  /** Called exactly once when the stream ends, even if it ends before it started. */
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

/**
 * Minimum time between two reads for one subscriber. Each read returns all changes since the one
 * before.
 */
const PACE_MS = 250;

/**
 * Reads changes on every notification, and at least every `lookAgainMs`, because permissions may
 * end and a LISTEN connection may die silently. The next value is read only after the subscriber
 * has consumed the last one, so nothing queues up for a slow reader.
 */
export async function* watch<Value>(deps: {
  readonly bell: Bell;
  readonly lookAgainMs: number;
  /** Reads the changes since the last call. After an error, the next call reads what is missing. */
  readonly look: () => AsyncGenerator<Value, void>;
  /** Returns why the subscription must end; null: it continues. */
  readonly endOf: () => Promise<Error | null>;
  /** Called when a read has failed. The read is retried. */
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
   * Resolves at once if `ring` was called since the last wait. Otherwise resolves when it is
   * called, after `withinMs`, or when the signal aborts.
   */
  wait(withinMs: number, signal: AbortSignal): Promise<void>;
}

/**
 * Creates a bell, with which notifications wake one waiting subscriber. Several calls of `ring`
 * before the next `wait` wake it once, so many notifications cause one read.
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
