/**
 * Resolves before timers and I/O, but after all microtasks that are ready now and the continuations
 * of settled promises.
 */
export const endOfMoment = (): Promise<void> =>
  new Promise((resolve) => {
    void Promise.resolve().then(() => process.nextTick(resolve));
  });

/** Runs `work` after all continuations of `endOfMoment()` have run. */
export function afterMoment(work: () => void): void {
  void endOfMoment().then(() => process.nextTick(work));
}
