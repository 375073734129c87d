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
