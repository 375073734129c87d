/**
 * Resolves after everything that is ready to run has run, including continuations of settled
 * promises. No time passes.
 */
export const endOfMoment = (): Promise<void> =>
  new Promise((resolve) => {
    void Promise.resolve().then(() => process.nextTick(resolve));
  });

/** Also after the continuations of those waiting for the end of the microtask queue. */
export function afterMoment(work: () => void): void {
  void endOfMoment().then(() => process.nextTick(work));
}
