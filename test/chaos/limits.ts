/** What the client's limit on removals was, and when. */
export class Limits {
  readonly #limits: { readonly at: number; readonly minimum: number }[];

  constructor(minimum: number) {
    this.#limits = [{ at: 0, minimum }];
  }

  /** To be called when it is in force. */
  set(minimum: number): void {
    this.#limits.push({ at: Date.now(), minimum });
  }

  /** The highest that was in force within this time. */
  highest({
    from,
    to,
  }: {
    readonly from: number;
    readonly to: number;
  }): number {
    const limits = this.#limits.filter(
      ({ at }, index) =>
        at <= to && (this.#limits[index + 1]?.at ?? Infinity) >= from,
    );
    return Math.max(...limits.map(({ minimum }) => minimum));
  }
}
