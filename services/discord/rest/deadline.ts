/** Gives each call its own signal, so that a timeout can be distinguished from a shutdown. */
export interface Deadlines {
  begin(): Deadline;
  /** Aborts every call under way, and each later one at its beginning. */
  stop(): void;
}

export interface Deadline {
  readonly signal: AbortSignal;
  /** Counts from now again: waiting for a turn and the call itself have a full time each. */
  restart(): void;
  cause(): 'stopped' | 'timedOut' | null;
  end(): void;
}

export function createDeadlines(timeoutMs: number): Deadlines {
  const running = new Set<AbortController>();
  let isStopped = false;

  return {
    begin() {
      const controller = new AbortController();
      let hasTimedOut = false;
      const timer = setTimeout(() => {
        hasTimedOut = true;
        controller.abort();
      }, timeoutMs);
      running.add(controller);
      if (isStopped) controller.abort();
      return {
        signal: controller.signal,
        restart: () => void timer.refresh(),
        cause() {
          if (!controller.signal.aborted) return null;
          return hasTimedOut ? 'timedOut' : 'stopped';
        },
        end() {
          clearTimeout(timer);
          running.delete(controller);
        },
      };
    },
    stop() {
      isStopped = true;
      for (const controller of running) controller.abort();
    },
  };
}
