interface Limit {
  readonly minimum: number;
  readonly askedAt: number;
  /** From then on it was in force for sure, and the one before it no more. */
  readonly answeredAt: number;
}

/** What the client's limit on removals was, and when. */
export class Limits {
  readonly #limits: Limit[];

  constructor(minimum: number) {
    this.#limits = [{ minimum, askedAt: 0, answeredAt: 0 }];
  }

  /**
   * To be called when it is answered: it may have been in force since it was asked for, as Discord
   * is looked at before the answer.
   */
  set(minimum: number, askedAt: number): void {
    this.#limits.push({ minimum, askedAt, answeredAt: Date.now() });
  }

  /** The highest that may have been in force within this time. */
  highest({ from, to }: { readonly from: number; readonly to: number }): number {
    const limits = this.#limits.filter(
      ({ askedAt }, index) =>
        askedAt <= to && (this.#limits[index + 1]?.answeredAt ?? Infinity) >= from,
    );
    return Math.max(...limits.map(({ minimum }) => minimum));
  }
}
