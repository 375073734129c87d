/**
 * What a subscriber is sent: a value, or the fault that ends it. Thrown instead, the fault would
 * break the connection off without a word.
 */
export type Told<Value> =
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
