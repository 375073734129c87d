/** When whoever can go on by now has gone on: what follows from settled promises goes first. No time passes. */
export const endOfMoment = (): Promise<void> =>
  new Promise((resolve) => {
    void Promise.resolve().then(() => process.nextTick(resolve));
  });

/** When those who have waited for the moment's end have gone on as well. */
export function afterMoment(work: () => void): void {
  void endOfMoment().then(() => process.nextTick(work));
}
