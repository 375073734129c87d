/**
 * Resolves after all ready microtasks and continuations of settled promises have run, before timers
 * and I/O.
 */
export const endOfMoment = (): Promise<void> =>
  new Promise((resolve) => {
    void Promise.resolve().then(() => process.nextTick(resolve));
  });

/** Runs `work` after all continuations of `endOfMoment()` have run. */
export function afterMoment(work: () => void): void {
  void endOfMoment().then(() => process.nextTick(work));
}
